"""The workshop of plugin authors: a project begun, checked, tried and packed, in a process that is not the daemon."""
