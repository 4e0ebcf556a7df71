//! The command line: flags as kubectl has them, and the subcommands.
