"""The review room: a local web application in which supervisors go through flagged segments."""
