"""The commands of people and of the keys of programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from landbridge.access.roles import Role
from landbridge.cli.frame import AsJson, run_command
from landbridge.cli.output import Exit, Out, when

if TYPE_CHECKING:  # only for types: they bring the whole engine with them
    from landbridge.access.people import DoorLink
    from landbridge.app import App
    from landbridge.store.people import PersonRow

user = typer.Typer(
    no_args_is_help=True,
    help="Who may log in to the pages (docs/people.md). Whoever can run these commands on the server can read"
    " the database anyhow, so they ask for no login.",
)
keys = typer.Typer(no_args_is_help=True, help="Keys by which programs call the API (docs/people.md).")
Email = Annotated[str, typer.Argument(help="The person's e-mail address.")]
RoleOption = Annotated[
    Role, typer.Option(help="viewer sees, operator runs the bridges, owner also invites and connects.")
]


@user.command("add")
def user_add(
    email: Email,
    name: Annotated[str, typer.Option(help="The name that others see.")],
    role: RoleOption = Role.OWNER,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
) -> None:
    """Make a person with a password, which is asked for; at least 12 characters."""
    out = Out(as_json=False)
    password = (
        typer.get_text_stream("stdin").readline().rstrip("\r\n")
        if password_stdin
        else typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    )

    async def work(app: App) -> int:
        await app.people.add(name, email, role, password)
        out.say(f"{name} can log in at {app.settings.public_url} as {role.value}.")
        return Exit.DONE

    run_command(out, work)


@user.command("invite")
def user_invite(
    email: Email,
    name: Annotated[str, typer.Option(help="The name that others see.")],
    role: RoleOption = Role.VIEWER,
    as_json: AsJson = False,
) -> None:
    """Make a person who chooses a password by a link, good once and for 72 hours."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        return await _told(out, app, await app.people.invite(name, email, role))

    run_command(out, work)


@user.command("reset-password")
def user_reset_password(email: Email, as_json: AsJson = False) -> None:
    """Print a link by which somebody chooses another password, good once and for an hour."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        return await _told(out, app, await app.people.new_link((await app.people.by_email(email)).id))

    run_command(out, work)


@user.command("list")
def user_list(as_json: AsJson = False) -> None:
    """List everybody."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        found = await app.people.everybody()
        if as_json:
            out.json([_facts(one) for one in found])
        elif not found:
            out.say(f"There is nobody yet. The first to open {app.settings.public_url} makes the owner.")
        else:
            table = Table()
            for title in ("E-mail", "Name", "Role", "State", "Since"):
                table.add_column(title)
            for one in found:
                table.add_row(
                    escape(one.email), escape(one.name), one.role, _state(one), when(one.created_at)
                )
            out.people.print(table)
        return Exit.DONE

    run_command(out, work)


@user.command("role")
def user_role(email: Email, role: Annotated[Role, typer.Argument(help="The new role.")]) -> None:
    """Give somebody another role."""
    out = Out(as_json=False)

    async def work(app: App) -> int:
        found = await app.people.by_email(email)
        await app.people.set_role(found.id, role)
        out.say(f"{found.name} is {role.value} now.")
        return Exit.DONE

    run_command(out, work)


@user.command("rename")
def user_rename(email: Email, name: Annotated[str, typer.Argument(help="The new name.")]) -> None:
    """Show somebody by another name from now on."""
    out = Out(as_json=False)

    async def work(app: App) -> int:
        await app.people.rename((await app.people.by_email(email)).id, name)
        out.say(f"{email} is shown as {name} now.")
        return Exit.DONE

    run_command(out, work)


@user.command("logins")
def user_logins(as_json: AsJson = False) -> None:
    """List the newest attempts to log in; of strangers nothing is kept that could be read."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        found = await app.doors.logins()
        if as_json:
            out.json([asdict(one) for one in found])
        elif not found:
            out.say("Nobody has tried to log in yet.")
        else:
            table = Table()
            for title in ("When", "Who", "What came of it"):
                table.add_column(title)
            for one in found:
                table.add_row(when(one.at), escape(one.email) or "–", one.outcome)
            out.people.print(table)
        return Exit.DONE

    run_command(out, work)


@user.command("log-out")
def user_log_out(email: Email) -> None:
    """End every session of somebody, as when a laptop is lost."""
    _change(email, "log_out", "{} is logged out everywhere.")


@user.command("disable")
def user_disable(email: Email) -> None:
    """Let somebody in no more; they are logged out at once."""
    _change(email, "disable", "{} is let in no more.")


@user.command("enable")
def user_enable(email: Email) -> None:
    """Let somebody in again."""
    _change(email, "enable", "{} is let in again.")


@user.command("remove")
def user_remove(email: Email) -> None:
    """Forget somebody; what they did stays written down."""
    _change(email, "remove", "{} is gone.")


@user.command("code")
def user_code() -> None:
    """Print the code that the page of a new installation asks the first owner for."""
    out = Out(as_json=False)

    async def work(app: App) -> int:
        out.say(app.setup_code())
        return Exit.DONE

    run_command(out, work)


@keys.command("add")
def keys_add(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    role: RoleOption = Role.VIEWER,
    as_json: AsJson = False,
) -> None:
    """Make a key, and print it, this once."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        made = await app.doors.make_key(name, role, by="command")
        if as_json:
            out.json({"key": made.secret, "name": made.name, "role": made.role.value})
        out.say(f"The key “{made.name}” ({made.role.value}), shown this once: {made.secret}")
        return Exit.DONE

    run_command(out, work)


@keys.command("list")
def keys_list(as_json: AsJson = False) -> None:
    """List all keys; of each only how it begins is kept."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        found = await app.doors.keys()
        if as_json:
            out.json([asdict(one) for one in found])
        elif not found:
            out.say("There are no keys yet.")
        else:
            table = Table()
            for title in ("Key", "Name", "Begins with", "Role", "Last used", "Taken away"):
                table.add_column(title)
            for one in found:
                used, gone = (when(at) if at else "–" for at in (one.used_at, one.revoked_at))
                table.add_row(str(one.id), escape(one.name), one.shown, one.role, used, gone)
            out.people.print(table)
        return Exit.DONE

    run_command(out, work)


@keys.command("revoke")
def keys_revoke(
    key: Annotated[int, typer.Argument(help="Its number, as `landbridge keys list` shows it.")],
) -> None:
    """Take a key away; it is refused from now on."""
    out = Out(as_json=False)

    async def work(app: App) -> int:
        await app.doors.revoke_key(key)
        out.say(f"Key {key} is taken away.")
        return Exit.DONE

    run_command(out, work)


def _change(email: str, what: str, said: str) -> None:
    out = Out(as_json=False)

    async def work(app: App) -> int:
        found = await app.people.by_email(email)
        await getattr(app.people, what)(found.id)
        out.say(said.format(found.name))
        return Exit.DONE

    run_command(out, work)


async def _told(out: Out, app: App, link: DoorLink) -> int:
    url, mailed = f"{app.settings.public_url}{link.path}", await app.letters.send(link)
    if out.as_json:
        out.json({"email": link.email, "url": url, "ends_at": link.ends_at, "mailed": mailed})
    else:
        told = mailed or f"Send it to {link.email}."
        out.say(f"{told} The link is good once, until {when(link.ends_at)}:")
        print(url)  # whole, for copying
    return Exit.DONE


def _facts(one: PersonRow) -> dict[str, object]:
    return {name: value for name, value in asdict(one).items() if name != "password"} | {
        "invited": not one.password
    }


def _state(one: PersonRow) -> str:
    if one.disabled_at is not None:
        return "not let in"
    return "active" if one.password else "invited"
