"""Remove one guard at a time, and show that a named test fails for it: ``make mutants``.

Each mutant is a copy of the package with one small piece of text replaced. A guard whose text is not
found, or whose test passes all the same, makes this program fail.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
GUARDS = "tests/test_guards.py::test_"
RECEIVER = "tests/test_engine_receiver.py::test_"
CANARIES = "tests/test_canaries.py::test_no_secret_and_no_person_is_heard_of"
ACTIVITIES = "tests/test_activities_against_sandbox.py::test_"


@dataclass(frozen=True, slots=True)
class Mutant:
    """What is taken away, where, and the test that must notice."""

    name: str
    file: str
    old: str
    new: str
    test: str


MUTANTS = (
    Mutant(
        "newcomers are carried in the midst of a sync",
        "engine/live.py",
        "    newcomers = _newcomers(batch) if work.outer is not None else []\n",
        "    newcomers: list[Sighting] = []\n",
        "tests/test_live_again.py::test_somebody_new_in_the_midst_of_a_sync_is_not_made_twice",
    ),
    Mutant(
        "opt-outs wait for the brake",
        "engine/crew.py",
        "if key in known and (found[key] is Urgency.OPT_OUT or await",
        "if key in known and (await",
        "tests/test_live_again.py::test_an_opt_out_is_carried_while_a_person_is_asked_about_a_large_change",
    ),
    Mutant(
        "nobody looks before an address is written",
        "engine/live.py",
        "    careful = [*new, *await _readdressed(work, batch)]\n",
        "    careful = new\n",
        "tests/test_live_again.py::"
        "test_an_address_that_opted_out_in_rezora_unheard_is_not_written_onto_a_sendable_contact",
    ),
    Mutant(
        "nobody looks before a create",
        "engine/live.py",
        "    careful = [*new, *await _readdressed(work, batch)]\n",
        "    careful = await _readdressed(work, batch)\n",
        "tests/test_engine_live.py::test_somebody_new_who_opted_out_in_rezora_meanwhile_is_not_created_there",
    ),
    Mutant(
        "the brake forgets what looks have changed",
        "engine/window.py",
        "    counts.update(work.progress.counts)\n",
        "    counts = work.progress.counts.copy()\n",
        "tests/test_engine_live.py::test_a_mass_of_changes_within_an_hour_stops_and_asks",
    ),
    Mutant(
        "a look for changes believes a restored copy",
        "engine/fleet.py",
        "            if whole is None or in_doubt or not (only",
        "            if whole is None or not (only",
        "tests/test_restore.py::test_no_look_and_no_number_of_dry_runs_makes_a_restored_copy_believed",
    ),
    Mutant(
        "a blank is filled after a restore",
        "sync/merge.py",
        "        return _first_contact(rule, now, believe=believe and note != RESTORED)\n",
        "        return _first_contact(rule, now, believe=True)\n",
        "tests/test_restore.py::"
        "test_what_was_edited_between_the_last_sync_and_the_restore_waits_with_both_values",
    ),
    Mutant(
        "an answer from before the backup is carried out",
        "store/restored.py",
        "    await connection.execute(delete(choice).where(choice.c.bridge_id == bridge_id))\n",
        "",
        "tests/test_restore.py::test_an_answer_that_was_given_before_the_backup_is_asked_for_again",
    ),
    Mutant(
        "a restore brings back who was shut out",
        "restoring.py",
        "    return True, await asyncio.to_thread(carry_over, part, path)\n",
        "    return True, ()\n",
        "tests/test_restore.py::test_nobody_who_was_shut_out_comes_back_and_history_is_not_rewritten",
    ),
    Mutant(
        "a copy from the middle of a run is believed",
        "engine/doubt.py",
        "        behind = lease.found < tide or await",
        "        behind = await",
        "tests/test_guards_again.py::test_a_copy_that_was_made_in_the_middle_of_a_run_is_told_as_well",
    ),
    Mutant(
        "opt-outs wait behind bulk calls",
        "systems/http.py",
        "            return await self.quota.reserve(urgent=urgent)\n",
        "            return await self.quota.reserve()\n",
        "tests/test_systems_against_sandbox.py::"
        "test_an_opt_out_gets_through_where_bulk_calls_have_taken_their_share",
    ),
    Mutant(
        "changes of one moment are lost between two looks",
        "systems/highlevel/listing.py",
        '    value = {"gte": ',
        '    value = {"gt": ',
        "tests/test_systems_against_sandbox.py::"
        "test_many_changes_of_one_moment_are_each_read_once_and_nothing_older",
    ),
    Mutant(
        "a link ends by what a search shows",
        "engine/calls.py",
        "    result.case = await case_of(work, fresh, before.rezora, before.kept, awaited=True)\n"
        "    result.fresh = [fresh]\n",
        "    result.fresh = [fresh]\n",
        "tests/test_engine_scope.py::test_a_search_that_trails_the_record_ends_no_link",
    ),
    Mutant(
        "unknown taken for outside the scope",
        "sync/scope.py",
        "        if covered is None:\n            return UNKNOWN\n",
        "",
        "tests/test_sync_scope.py::test_of_a_contact_that_may_be_outside_nothing_is_planned",
    ),
    Mutant(
        "no lookup before a create is repeated",
        "engine/matching.py",
        "        apart = await decisions.kept_apart(connection, bridge_id)\n",
        "        apart = await decisions.kept_apart(connection, bridge_id)\n"
        "        rows[Side.REZORA] = [row for row in rows[Side.REZORA] if row.linked_to]\n",
        f"{GUARDS}a_create_whose_answer_is_lost_is_looked_up_and_not_sent_again",
    ),
    Mutant(
        "marker ignored",
        "sync/match.py",
        "        if person.marker in there and not kept_apart(",
        "        if not person.marker and not kept_apart(",
        f"{GUARDS}a_create_is_known_again_by_its_marker_whatever_became_of_its_address",
    ),
    Mutant(
        "no tombstone check",
        "sync/alone.py",
        "        if situation.tombstone and not (wanted or unsure):\n",
        "        if False:\n",
        f"{GUARDS}what_was_deleted_does_not_come_back",
    ),
    Mutant(
        "base not written",
        "engine/outcome.py",
        "            changed.append(kept)\n",
        "            pass\n",
        f"{GUARDS}what_was_agreed_is_remembered_so_that_a_later_edit_is_not_taken_back",
    ),
    Mutant(
        "suppression after everything else",
        "engine/scan.py",
        'await _keep(work, Side.REZORA, page, stage.to("suppress"))\n    return stage.to("suppress")',
        'await _keep(work, Side.REZORA, page, stage.to("gone"))\n    return stage.to("gone")',
        f"{GUARDS}an_opt_out_is_carried_even_when_the_brake_stops_everything_else",
    ),
    Mutant(
        "labels of one side replace the other's",
        "sync/labels.py",
        "    wanted = any(shows.values()) and not removed\n",
        "    wanted = shows[Side.HIGHLEVEL]\n",
        f"{GUARDS}a_list_joined_in_rezora_becomes_a_tag_and_the_other_tags_stay",
    ),
    Mutant(
        "last writer wins",
        "sync/merge.py",
        "    if rule.strategy in (Strategy.HOLD, Strategy.IMMUTABLE):\n"
        '        return Verdict(Outcome.HOLD, cause="both_changed", cell=cell)\n',
        "",
        f"{GUARDS}two_new_addresses_of_one_person_wait_for_a_person",
    ),
    Mutant(
        "fence ignored",
        "store/driver.py",
        "    if result.rowcount != 1:\n",
        "    if False:\n",
        "tests/test_store_database.py",
    ),
    Mutant(
        "no look by id before a delete is believed",
        "engine/gone.py",
        "            sight = await read_again(work, side, record_id)\n        except Gone:\n"
        "            found.gone.append(side)\n",
        '            raise Gone("")\n        except Gone:\n            found.gone.append(side)\n',
        f"{GUARDS}an_empty_listing_is_no_proof_that_anybody_was_deleted",
    ),
    Mutant(
        "no look by id before a write",
        "engine/calls.py",
        "    if not await _look_again(work, result):\n        return\n",
        "",
        f"{GUARDS}an_edit_made_after_we_read_is_seen_before_we_write",
    ),
    Mutant(
        "no brake",
        "sync/guard.py",
        "    if weight.overwrites > limit:\n",
        "    if False:\n",
        f"{GUARDS}an_opt_out_is_carried_even_when_the_brake_stops_everything_else",
    ),
    Mutant(
        "absent taken for blank",
        "sync/merge.py",
        "    found = tuple([fields[name] for name in names if name in fields])",
        '    found = tuple([fields.get(name, "") for name in names])',
        f"{GUARDS}a_field_that_an_answer_leaves_out_is_not_a_blank",
    ),
    Mutant(
        "suppression forgotten with the record",
        "store/suppression.py",
        "    if not rows:\n        return\n    new =",
        "    if rows or not rows:\n        return\n    new =",
        f"{GUARDS}an_opt_out_outlives_the_contact_that_made_it",
    ),
    Mutant(
        "unknown consent taken for a yes",
        "sync/alone.py",
        "        if source.opted_out is not False:\n",
        "        if source.opted_out:\n",
        "tests/test_engine_safety.py::test_consent_that_the_answer_does_not_tell_is_not_taken_for_a_yes",
    ),
    Mutant(
        "an opt-out may be taken back",
        "systems/rezora/records.py",
        'if name in WRITABLE or (name == OPT_OUT and value == "1"):',
        "if name in WRITABLE or name == OPT_OUT:",
        "tests/test_systems_rezora_client.py",
    ),
    Mutant(
        "names not compared",
        "sync/match.py",
        "if compatible_names(bare[pair[0]], bare[pair[1]]))",
        "if bare)",
        f"{GUARDS}families_share_an_address_and_stay_apart",
    ),
    Mutant(
        "twins not noticed",
        "sync/match.py",
        "    alone, twins = _without_twins(found.alone, [*linked, *marked, *met], apart)\n",
        "    alone, twins = found.alone, list[Twin]()\n",
        f"{GUARDS}a_second_record_of_somebody_does_not_spread",
    ),
    Mutant(
        "what was shown after a write is not the base",
        "engine/calls.py",
        "    result.shown[action.side] |= {name: fields[name] for name in action.fields if name in fields}\n",
        "    result.shown[action.side] |= {}\n",
        f"{GUARDS}a_value_that_the_other_side_cuts_is_not_written_for_ever",
    ),
    Mutant(
        "no settling",
        "engine/scan.py",
        "    if not wait:\n        return False\n",
        "    return False\n",
        f"{GUARDS}a_name_that_somebody_is_still_typing_is_not_carried",
    ),
    Mutant(
        "a restored database is believed",
        "engine/doubt.py",
        "        behind = lease.found < tide or await self._runs.newest_id(bridge.id) < highest\n",
        "        behind = False\n",
        f"{GUARDS}an_older_copy_of_the_database_takes_nothing_back",
    ),
    Mutant(
        "journal written afterwards only",
        "engine/calls.py",
        "        return await journal.begin(connection, work.bridge.id, work.run_id, entries, now)\n",
        "        return list(range(len(entries)))\n",
        f"{GUARDS}what_a_write_replaces_is_known_even_if_the_process_dies_with_it",
    ),
    Mutant(
        "a resumed run believes what it read before",
        "engine/fleet.py",
        '        if stage.at != "prepare":\n',
        "        if False:\n",
        f"{GUARDS}a_run_that_goes_on_after_a_stop_knows_of_opt_outs_since",
    ),
    Mutant(
        "a schedule starts what the brake stopped",
        "engine/schedule.py",
        '    return newest is None or newest.state == "braked"\n',
        "    return newest is None\n",
        "tests/test_schedule_runs.py::test_a_bridge_that_the_brake_stopped_waits_until_a_person_let_it_pass",
    ),
    Mutant(
        "a clock that was ahead blocks a bridge",
        "engine/schedule.py",
        "        wrong = known.next_at > following + _ROUNDING_SECONDS\n",
        "        wrong = False\n",
        "tests/test_schedule_runs.py::test_a_clock_that_jumps_neither_blocks_a_bridge_nor_starts_a_storm",
    ),
    Mutant(
        "alerts go into private networks",
        "systems/incoming_webhook.py",
        "        if not addresses or not all(is_public(address) for address in addresses):\n",
        "        if not addresses:\n",
        "tests/test_alerts_channels.py::test_nothing_is_sent_into_a_private_network",
    ),
    Mutant(
        "alerts follow redirects",
        "systems/incoming_webhook.py",
        "allow_redirects=False",
        "allow_redirects=True",
        "tests/test_alerts_channels.py::"
        "test_the_request_itself_is_pinned_checked_by_name_and_follows_no_redirect",
    ),
    Mutant(
        "webhooks believed without a signature",
        "systems/highlevel/webhooks.py",
        "        if not good:\n",
        "        if False:\n",
        f"{RECEIVER}what_is_not_authentic_ours_and_fresh_has_no_effect_but_a_counter",
    ),
    Mutant(
        "the weaker signature is enough",
        "systems/highlevel/webhooks.py",
        "        if current is not None and self._ed25519:\n",
        "        if current is not None and self._ed25519 and legacy is None:\n",
        "tests/test_systems_highlevel_webhooks.py::test_which_signatures_are_accepted",
    ),
    Mutant(
        "stale webhooks believed",
        "engine/receiver.py",
        "            return Outcome.STALE\n",
        "            pass\n",
        f"{RECEIVER}what_is_not_authentic_ours_and_fresh_has_no_effect_but_a_counter",
    ),
    Mutant(
        "webhooks of another app believed",
        "engine/receiver.py",
        "            return Outcome.UNKNOWN\n",
        "            pass\n",
        f"{RECEIVER}what_is_not_authentic_ours_and_fresh_has_no_effect_but_a_counter",
    ),
    Mutant(
        "webhooks answered before they are stored",
        "engine/receiver.py",
        "            self._count(Outcome.REFUSED, number=len(group))\n",
        "            outcomes = (Outcome.ACCEPTED,) * len(group)\n",
        f"{RECEIVER}what_cannot_be_stored_is_refused_and_taken_when_it_comes_again",
    ),
    Mutant(
        "a webhook that is refused is lost",
        "web/webhooks.py",
        "AGAIN = 429\n",
        "AGAIN = 503\n",
        "tests/test_web_webhooks.py::test_a_failure_of_any_kind_is_429_and_tells_nothing",
    ),
    Mutant(
        "a webhook counts twice",
        "store/inbox.py",
        "        elif one.webhook_id in known:\n",
        "        elif False:\n",
        f"{RECEIVER}a_second_delivery_of_a_webhook_names_nothing",
    ),
    Mutant(
        "people are told of appointments that a sync copies",
        "systems/highlevel/activity_records.py",
        '"toNotify": False',
        '"toNotify": True',
        "tests/test_systems_highlevel_activities.py::test_an_appointment_is_booked_without_a_word_to_anybody",
    ),
    Mutant(
        "a start moves the end with it",
        "systems/highlevel/activities.py",
        '        if ("start" in fields) != ("end" in fields):\n',
        "        if False:\n",
        f"{ACTIVITIES}a_start_alone_does_not_move_the_end",
    ),
    Mutant(
        "a grant without the scope lets a write out",
        "systems/highlevel/permissions.py",
        "    if may_write(config, grant, *scopes):\n",
        "    if True:\n",
        f"{ACTIVITIES}the_scopes_tell_what_may_be_done",
    ),
    Mutant(
        "an account that stops to show activities proves them deleted",
        "systems/rezora/activities.py",
        "            await self._prove_gone(kind, contact_id, activity_id)\n            raise\n",
        "            raise\n",
        f"{ACTIVITIES}an_account_that_stops_to_show_activities_proves_nobody_gone",
    ),
    Mutant(
        "a collection can be deleted",
        "systems/rezora/calls.py",
        "if not ids or len(words) != len(ids) or words not in self._single:",
        "if not words:",
        "tests/test_systems_rezora_client.py::test_no_delete_leaves_without_a_positive_decimal_id",
    ),
    Mutant(
        "a part of a path may hold a slash",
        "systems/arguments.py",
        " or _UNSAFE.search(value)",
        "",
        "tests/test_operations_refused.py::test_a_part_of_a_path_stays_one_part",
    ),
    Mutant(
        "another location may be named",
        "systems/arguments.py",
        'if parameter.filled == "location" and own and value != own:',
        "if False:",
        "tests/test_operations_refused.py::test_another_location_is_refused_and_the_own_one_filled_in",
    ),
    Mutant(
        "a one-way bridge writes by hand",
        "engine/calling.py",
        "            self._permit(bridge, one)\n",
        "",
        "tests/test_operations_refused.py::test_a_read_only_bridge_refuses_writes_before_they_leave",
    ),
    Mutant(
        "a missing scope is not looked at",
        "systems/highlevel/operations.py",
        "if operation.scope and grant.scopes and operation.scope not in grant.scopes:",
        "if False:",
        "tests/test_operations_refused.py::test_a_missing_scope_is_told_before_anything_leaves",
    ),
    Mutant(
        "a secret is in the journal",
        "engine/calling.py",
        'if parameter.secret or parameter.type == "file":',
        'if parameter.type == "file":',
        "tests/test_operations_refused.py::"
        "test_a_write_is_in_the_journal_before_it_leaves_and_without_secrets",
    ),
    Mutant(
        "a page calls a write unasked",
        "web/operations.py",
        'if one.writes and form.get("confirm") != "yes":',
        "if False:",
        "tests/test_web_operations.py::test_a_write_is_confirmed_first",
    ),
    Mutant(
        "a webhook goes to an inner network",
        "systems/outgoing_webhook.py",
        "if not addresses or not all(is_public(one) for one in addresses):",
        "if not addresses:",
        "tests/test_outgoing.py::test_nothing_goes_to_an_inner_network",
    ),
    Mutant(
        "what is only begun is skipped by webhooks",
        "store/outgoing.py",
        "            break\n",
        "            continue\n",
        "tests/test_outgoing.py::test_what_is_only_begun_waits_and_is_not_skipped",
    ),
    Mutant(
        "the Primary Sphere is written by hand",
        "systems/rezora/operations.py",
        '            await self._refuse_primary_sphere(ids["listId"])\n',
        "            pass\n",
        "tests/test_operations_rezora.py::test_the_primary_sphere_is_not_written",
    ),
    Mutant(
        "a task is deleted without proof",
        "sync/activity_plan.py",
        "        if any(not _is_gone(scene, (side, link.id(side))) for side in lost):",
        "        if False:",
        "tests/test_sync_activity_plan.py::test_a_delete_follows_only_on_proof",
    ),
    Mutant(
        "what was edited since is deleted with its other half",
        "sync/activity_plan.py",
        "        if edited or link.rebase or scene.doubted:",
        "        if link.rebase or scene.doubted:",
        "tests/test_sync_activity_plan.py::test_what_was_edited_since_is_not_deleted",
    ),
    Mutant(
        "a second copy is spread",
        "sync/activity_plan.py",
        '        elif double and (choice is None or choice.use != "create"):',
        "        elif False:",
        "tests/test_sync_activity_plan.py::test_a_second_one_that_came_late_is_never_spread",
    ),
    Mutant(
        "what was deleted on one side is created there again",
        "sync/activity_plan.py",
        "        elif (one.side, one.id) in scene.spent:",
        "        elif False:",
        "tests/test_sync_activity_plan.py::test_unlink_leaves_the_other_half_and_never_brings_it_back",
    ),
    Mutant(
        "a text that was cut goes back",
        "sync/activity_plan.py",
        "            if _is_shortened(draft, rule, converter):",
        "            if False:",
        "tests/test_sync_activity_plan.py::test_a_text_that_was_cut_never_goes_back_by_itself",
    ),
    Mutant(
        "activities of a contact whose link ended stay linked",
        "store/links.py",
        "link.c.contact.in_(some), link.c.live.is_(True))\n        await",
        "link.c.contact.in_([]), link.c.live.is_(True))\n        await",
        "tests/test_engine_activities.py::test_what_moved_with_a_merge_belongs_to_the_other_contact",
    ),
    Mutant(
        "an error's text and variables stay out of the log",
        "log_lines.py",
        "stamp, without_texts, last]",
        "stamp, structlog.processors.format_exc_info, last]",
        CANARIES,
    ),
    Mutant(
        "a library's line ends before what it quotes",
        "log_lines.py",
        '.partition(": ")[0][:LONGEST]',
        "[:LONGEST]",
        CANARIES,
    ),
    Mutant(
        "a command that breaks shows no traceback",
        "cli/frame.py",
        "    except Exception as error:\n        # No traceback",
        "    except ZeroDivisionError as error:\n        # No traceback",
        "tests/test_canaries.py::test_a_command_that_breaks_tells_nothing_of_what_it_held",
    ),
    Mutant(
        "an error of the database shows no parameters",
        "store/database.py",
        "create_async_engine(url, hide_parameters=True, connect_args=arguments)",
        "create_async_engine(url, connect_args=arguments)",
        "tests/test_canaries.py::test_an_error_of_the_database_shows_no_parameters",
    ),
    Mutant(
        "an e-mail address is no id of an operation",
        "systems/arguments.py",
        "[/\\\\@\\x00",
        "[/\\\\\\x00",
        CANARIES,
    ),
)


def killed(mutant: Mutant, package: Path) -> str:
    """Empty if the named test fails without the guard, else what is wrong."""
    file = package / "landbridge" / mutant.file
    whole = file.read_text(encoding="utf-8")
    if whole.count(mutant.old) != 1:
        return f"the guard's text is there {whole.count(mutant.old)} times"
    file.write_text(whole.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", mutant.test],
            cwd=ROOT,
            env=dict(os.environ) | {"PYTHONPATH": str(package)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    finally:
        file.write_text(whole, encoding="utf-8")
    return {0: "the test passes without the guard", 1: ""}.get(done.returncode, done.stdout[-400:])


def main() -> int:
    """Print the table; 1 if any mutant lives."""
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder)
        shutil.copytree(ROOT / "src" / "landbridge", package / "landbridge")
        living = 0
        print(f"{'guard removed':<48} {'':<8} test")
        for mutant in MUTANTS:
            wrong = killed(mutant, package)
            living += bool(wrong)
            name = mutant.test.split("::")[-1]
            print(f"{mutant.name:<48} {'LIVES' if wrong else 'killed':<8} {name} {wrong}", flush=True)
    print(f"{len(MUTANTS) - living} of {len(MUTANTS)} mutants killed")
    return 1 if living else 0


if __name__ == "__main__":
    sys.exit(main())
