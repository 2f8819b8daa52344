"""What calls cost: the ledger of all calls, and the budgets that hold before they are made."""
