//! SIGKILL at random moments, while two people give orders faster than they are done.
