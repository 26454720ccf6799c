"""What a lead must fulfil, as far as the peers can say it: the same for all of them. Standard library only."""

PHONE = r"^[+0-9][-0-9 ()/.]{6,}$"
EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
NAME = r"^[^*]{1,128}$"
OPT_IN = r"^(\d{2}/\d{2}/\d{4}( \d{2}:\d{2})?|\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2})?)$"
SIGNED_UP = r"^(\d{2}\.\d{2}\.\d{4}|\d{4}-\d{2}-\d{2})$"
SCORE = r"^(100|\d{1,2})$"
REQUIRED = {"Lead ID": r"^.{1,128}$", "First name": NAME, "Mobile": PHONE}
OPTIONAL = {"E-mail": EMAIL, "Owner": EMAIL, "Opt-in": OPT_IN, "Signed up": SIGNED_UP, "Score": SCORE}
OTHERS = ("Last name", "Country", "City", "Notes")
ORDER = (
    "Lead ID", "First name", "Last name", "Mobile", "Country", "E-mail", "Owner", "Opt-in", "Signed up", "City",
    "Score", "Notes",
)  # fmt: skip
