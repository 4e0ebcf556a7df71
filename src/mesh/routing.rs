//! Which rule takes a request, where it goes, and why the others did not match.
