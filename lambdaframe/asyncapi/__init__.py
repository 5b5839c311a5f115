"""What an application consumes, told to others: its AsyncAPI document."""
