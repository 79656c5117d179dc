"""What the crash tests stand on: a tracer of system calls, a model of a disk, and the stories that are interrupted."""
