"""The documented names of every resource's fields, and the numbers ids start at."""

from __future__ import annotations

WRITABLE = (
    "contact_name",
    "contact_email",
    "contact_type",
    "contact_title",
    "contact_company",
    "contact_phone_home",
    "contact_phone_work",
    "contact_phone_mobile",
    "contact_phone_fax",
    "contact_business_street",
    "contact_business_street2",
    "contact_business_city",
    "contact_business_state",
    "contact_business_zip",
    "contact_home_street",
    "contact_home_street2",
    "contact_home_city",
    "contact_home_state",
    "contact_home_zip",
)
"""The text fields of a contact that the early POST sample sent (rezora.md 2.1, an inference)."""
CONTACT = ("contact_id", *WRITABLE, "contact_date", "contact_self", "contact_unsubscribe")
CONTACT_TYPES = ("", "Hot", "Active", "Inactive")
LIST = ("list_id", "list_name", "list_date", "list_type")
MEMBER = ("contacttolist_id", "contact_id", "list_id", "contacttolist_date")
GROUP = ("group_id", "group_name", "group_timestamp")
GROUP_AGENT = ("usertogroup_id", "user_id", "group_id", "usertogroup_timestamp")
AGENT = (
    "user_id",
    "user_email",
    "user_status_id",
    "user_fname",
    "user_lname",
    "user_company_name",
    "user_email_work",
    "user_website",
    "user_phone_work",
    "user_phone_home",
    "user_phone_mobile",
    "user_phone_fax",
    "user_photo_path",
    "user_home_street",
    "user_home_suite",
    "user_home_city",
    "user_home_state",
    "user_home_zip",
    "user_company_website",
    "user_company_street",
    "user_company_suite",
    "user_company_city",
    "user_company_state",
    "user_company_zip",
    "user_company_logo_path",
    "user_tagline",
    "user_bio",
    "user_date",
    "user_report_daily",
    "user_report_weekly",
    "user_report_monthly",
    "user_sitename",
    "user_directory_hidden",
    "brokerage_employee_id",
)
"""An agent's account settings (rezora.md 2.7)."""
AGENT_FLAGS = {
    "user_status_id": "1",
    "user_report_daily": "0",
    "user_report_weekly": "0",
    "user_report_monthly": "0",
    "user_directory_hidden": "0",
}

ACTIVITIES = {
    "task": ("task_id", "task_title", "task_body", "task_due", "task_completed"),
    "note": ("note_id", "note_body", "note_date"),
    "appointment": (
        "appointment_id",
        "appointment_title",
        "appointment_start",
        "appointment_end",
        "appointment_location",
        "appointment_status",
    ),
}
"""Names by analogy with the documented ones; none of them is documented (design.md 6)."""

FIRST_NUMBERS = {
    "contact": 55500,
    "list": 900,
    "contacttolist": 70001,
    "group": 31,
    "usertogroup": 401,
    "task": 81001,
    "note": 82001,
    "appointment": 83001,
}
"""In the style of the examples of rezora.md; self contact and Primary Sphere take the first of theirs."""
