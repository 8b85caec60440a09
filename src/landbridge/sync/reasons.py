"""Every reason for which a contact is left out or waits, as people read it: one sentence and the fix."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """``title`` for lists and counts, ``sentence`` for one contact, ``fix`` for the next step."""

    title: str
    sentence: str
    fix: str


EXCLUDED: dict[str, Reason] = {
    "no_address": Reason(
        "Neither e-mail nor phone",
        "The contact has neither an e-mail address nor a phone number, so it cannot be recognised again.",
        "Add an e-mail address in HighLevel.",
    ),
    "no_email": Reason(
        "No e-mail address",
        "The contact has no e-mail address; Rezora sends e-mail and is assumed to require one.",
        "Add an e-mail address in HighLevel, or set `require_email = false` in the mapping.",
    ),
    "bad_email": Reason(
        "E-mail address not valid",
        "The e-mail address cannot be delivered to as it is written.",
        "Correct the e-mail address in HighLevel.",
    ),
    "no_name": Reason(
        "No name",
        "The contact has no name; Rezora is assumed to require one, and Landbridge invents none.",
        "Add a first or last name in HighLevel.",
    ),
    "opted_out": Reason(
        "Opted out of e-mail",
        "The contact opted out of e-mail, so it is not copied to the other side.",
        "Nothing to do. Only the person may opt in again; then `landbridge holds` shows what to answer.",
    ),
    "consent_unknown": Reason(
        "Consent not known",
        "HighLevel's answer did not say whether the contact may be e-mailed; unknown is never read as yes.",
        "Nothing to do: the next sync looks again.",
    ),
    "address_opted_out": Reason(
        "Address opted out elsewhere",
        "Another contact with the same e-mail address opted out; an opt-out belongs to the address.",
        "Nothing to do, or give this person an e-mail address of their own.",
    ),
    "self_contact": Reason(
        "The account's own contact",
        "This is the Rezora account's own contact, which only the My Account page may change.",
        "Nothing to do.",
    ),
    "create_off_rezora": Reason(
        "Creating is switched off",
        "The mapping says not to create contacts in Rezora.",
        "Set `create_in_rezora = true` in the mapping.",
    ),
    "create_off_highlevel": Reason(
        "Only in Rezora",
        "The contact is in Rezora only, and no contacts are created in HighLevel by this bridge.",
        "Set `create_in_highlevel = true` in the mapping, with a connection that may write to HighLevel.",
    ),
    "paused": Reason(
        "Paused by you",
        "Somebody paused this contact; nothing but an opt-out is carried for it.",
        "Run `landbridge contacts resume ID` to sync it again.",
    ),
    "not_seen": Reason(
        "Not in the listing",
        "One side's listing did not show the contact, and it could not be looked up; that proves nothing.",
        "Nothing to do: the next sync looks again.",
    ),
    "deleted_in_highlevel": Reason(
        "Deleted in HighLevel",
        "The contact was deleted in HighLevel; what Rezora has was left as it is, and is never copied back.",
        "Delete it in Rezora too, or run `landbridge contacts again ID` to create it in HighLevel anew.",
    ),
    "deleted_in_rezora": Reason(
        "Deleted in Rezora",
        "The contact was deleted in Rezora, perhaps on the person's request; it never comes back.",
        "Delete it in HighLevel too, or run `landbridge contacts again ID` to create it in Rezora anew.",
    ),
    "deleted_on_both_sides": Reason(
        "Deleted on both sides",
        "The contact was deleted in HighLevel and in Rezora.",
        "Nothing to do.",
    ),
    "out_of_scope": Reason(
        "Outside the scope",
        "The mapping's `[scope]` leaves this contact out; it stays as it is on both sides, and only an"
        " opt-out of its address is carried.",
        "Give it a tag, a user or a business of the scope in HighLevel, or widen `[scope]` in the mapping.",
    ),
    "scope_unknown": Reason(
        "Not known to be in the scope",
        "HighLevel's answer did not say what the mapping's `[scope]` asks for, so nothing is concluded: the"
        " contact is neither carried nor unlinked.",
        "Nothing to do: the next sync looks again. If it stays, assign the contact in HighLevel once.",
    ),
    "left_scope": Reason(
        "Left the scope",
        "The contact is outside the mapping's `[scope]` now: its link was ended, and both sides stay as they"
        " are. If it returns, it is recognised again.",
        "Nothing to do, or widen `[scope]` in the mapping.",
    ),
    "merged": Reason(
        "Merged in HighLevel",
        "Its HighLevel contact was merged into another one, which has a contact of its own in Rezora.",
        "Merge the two in Rezora, or delete this one there; Landbridge does neither.",
    ),
}

HELD: dict[str, Reason] = {
    "differs_at_first_contact": Reason(
        "Both sides had different values",
        "Both sides hold a value for this field and they differ; nobody has said which one is right.",
        "Choose which value stands, or make the two values the same on either side.",
    ),
    "only_in_rezora": Reason(
        "Only Rezora has a value",
        "Rezora holds a value where HighLevel is blank, and this field is mapped towards Rezora only.",
        "Copy the value into HighLevel if it should be there; nothing is blanked in Rezora.",
    ),
    "only_in_highlevel": Reason(
        "Only HighLevel has a value",
        "HighLevel holds a value where Rezora is blank, and this field is mapped towards HighLevel only.",
        "Change the direction of the field if the value should go to Rezora.",
    ),
    "differs": Reason(
        "Shown differently",
        "The other side shows another value than the one it was given: it rewrote or cut it, or somebody"
        " edited it before it was read back. It is not written again.",
        "Shorten or correct the value in HighLevel; a new value is carried over.",
    ),
    "edited_in_rezora": Reason(
        "Edited in Rezora",
        "The value was edited in Rezora, and this field is mapped towards Rezora only. The edit was kept.",
        "Make the same edit in HighLevel, or change it in HighLevel to carry a new value over.",
    ),
    "edited_in_highlevel": Reason(
        "Edited in HighLevel",
        "The value was edited in HighLevel, and this field is mapped towards HighLevel only.",
        "Make the same edit in Rezora, or change the direction of the field.",
    ),
    "both_changed": Reason(
        "Edited on both sides",
        "Both sides changed this field since they last agreed.",
        "Choose which value stands; the other one stays in the journal.",
    ),
    "immutable": Reason(
        "A fixed value changed",
        "This field is mapped as fixed, yet one side changed it.",
        "Put the old value back, or change the field's strategy.",
    ),
    "opted_out_in_rezora": Reason(
        "Unsubscribed in Rezora",
        "The contact unsubscribed in Rezora while HighLevel, where this bridge may not write, allows e-mail.",
        "Switch on Do Not Disturb for e-mail on the contact in HighLevel. Landbridge never re-subscribes.",
    ),
    "opted_out_in_highlevel": Reason(
        "Opted out in HighLevel",
        "The contact opted out in HighLevel while Rezora, where this bridge may not write, allows e-mail.",
        "Unsubscribe the contact in Rezora by hand. Landbridge never re-subscribes.",
    ),
    "opt_out_lifted": Reason(
        "Opt-out taken back on one side",
        "Somebody took the opt-out back on one side; only the person may do that, and Landbridge carries"
        " nothing towards more e-mail.",
        "Choose `out` to stop e-mail on both sides, or, if the person asked for e-mail again, take the"
        " opt-out back on the other side too and choose `allow`.",
    ),
    "opt_out_did_not_stick": Reason(
        "Rezora kept the contact subscribed",
        "The opt-out was sent, but Rezora still shows the contact as subscribed.",
        "Unsubscribe the contact by hand in Rezora. It was taken off the lists that this bridge fills.",
    ),
    "restored": Reason(
        "Not decided after a restore",
        "The database was restored from an older copy, and the two sides differ; which of them is newer is"
        " not known any more.",
        "Choose which value stands.",
    ),
    "restored_alone": Reason(
        "Not created after a restore",
        "The database was restored from an older copy, so it is not known whether this contact was deleted"
        " on the other side since.",
        "Choose `create` to create it there, or `ignore` to leave it.",
    ),
    "undone": Reason(
        "Undone by you",
        "You undid the last change of this field, and the two sides differ since.",
        "Choose which value stands, or `ignore` to let both be.",
    ),
    "deleted_and_edited": Reason(
        "Deleted on one side, edited on the other",
        "One side deleted the contact while the other side edited it; neither is carried over.",
        "Choose `keep`, `delete` (the other one too) or `create` (on the side where it was deleted).",
    ),
    "delete_waits": Reason(
        "A delete waits for your word",
        "One side deleted the contact; the mapping says to ask before the other one is deleted too.",
        "Choose `delete` or `keep`. If the contact comes back, this closes by itself.",
    ),
    "one_option_only": Reason(
        "Two tags for one field",
        "The contact has two tags or lists that the mapping shows as options of one field, which holds one.",
        "Take one of the two off; this then closes by itself.",
    ),
    "list_missing": Reason(
        "A list is gone from Rezora",
        "A list that the mapping names was deleted or renamed in Rezora; nobody's tag was touched.",
        "Give the list its name back, make a new one of that name after taking the tags off, or take the rule"
        " out of the mapping.",
    ),
    "maybe_same": Reason(
        "Maybe the same person",
        "Two contacts look like one person but not for sure, so neither was joined nor created.",
        "Choose `link` if they are one person, `apart` if they are two.",
    ),
    "twin": Reason(
        "There twice on one side",
        "Another contact with the same address and name is in sync already, so this one was not created"
        " a second time.",
        "Merge the two where they are double, or choose `apart` if they are two people.",
    ),
    "several_candidates": Reason(
        "Several could be the one",
        "Several contacts could be the same person, so none was joined and none was created.",
        "Merge the duplicates in HighLevel or in Rezora; the next sync then finds the one.",
    ),
    "refused": Reason(
        "Refused by the other side",
        "The other side refused the contact.",
        "Correct the field named in the message; the next sync tries again.",
    ),
    "unknown_outcome": Reason(
        "No answer to a create",
        "A create got no clear answer and the contact was not found afterwards.",
        "Nothing to do: the next sync looks again before it creates anything.",
    ),
    "activity_deleted_and_edited": Reason(
        "Deleted on one side, edited on the other",
        "Somebody deleted this on one side while somebody else edited it on the other; neither was undone.",
        "Keep it where it is (it is not copied back), or delete it there too.",
    ),
    "activity_double": Reason(
        "Perhaps a second copy",
        "Landbridge sent this once more after an answer was lost, and the first attempt seems to have worked"
        " late. It is not copied anywhere.",
        "Delete one of the two there; or say that it is one of its own (create), or to leave it (ignore).",
    ),
    "activity_restored": Reason(
        "Not created after a restore",
        "The database was restored from an older copy, so it is not known whether this is new or was deleted"
        " on the other side since.",
        "Say that it shall be there too (create), or leave it where it is (ignore).",
    ),
    "activity_shortened": Reason(
        "A shortened text was edited",
        "The other side kept only the beginning of this text, and somebody edited that; carrying it back"
        " would lose the rest.",
        "Choose which text stands, or put the edit into the long text by hand.",
    ),
    "activity_refused": Reason(
        "Refused by the other side",
        "The other side refused this as it is. It is tried again when it changes.",
        "Correct what the sentence names, or try again.",
    ),
    "task_without_due": Reason(
        "Task without a due date",
        "HighLevel has no tasks without a due date, and Landbridge invents none.",
        "Give the task a due date in Rezora, or leave it there (ignore).",
    ),
    "recipe": Reason(
        "A recipe asks you to look",
        "A recipe of yours opened this, with its own words; the contact is synced as before.",
        "Do what it asks, then answer `done`.",
    ),
}
