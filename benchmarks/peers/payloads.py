"""The three calls of a row, as a person would write them. Standard library only."""


def create(row):
    attributes = {"city": row["City"], "score": int(row["Score"])}
    return {
        "crm_id": row["Lead ID"],
        "first_name": row["First name"],
        "last_name": row["Last name"],
        "phone_number": row["Mobile"],
        "attributes": attributes,
    }


def push(session, leads, row, follow_ups):
    """One row after the other: create, assign, event. Any answer but the right one ends the program."""
    answer = session.post(leads, json=create(row), timeout=60)
    answer.raise_for_status()
    if not follow_ups:
        return
    lead = f"{leads}/{answer.json()['lead_id']}"
    session.put(f"{lead}/assign", json={"user_email": row["Owner"]}, timeout=60).raise_for_status()
    event = {"event": "LEAD_IMPORTED", "distinct_id": row["Lead ID"], "attributes": {"city": row["City"]}}
    session.put(f"{lead}/events", json=event, timeout=60).raise_for_status()


KEY = {"x-org-api-key": "a-key-for-nobody"}
