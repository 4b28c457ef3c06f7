//! Does: one supervisor, a task for each transfer, a worker for each connection.
