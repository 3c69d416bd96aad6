"""The stores beside each other: how fast they take and answer, how much they find, how big they are."""
