"""Work that goes on when its caller has left: tasks, kept with their output, and schedules that make tasks."""
