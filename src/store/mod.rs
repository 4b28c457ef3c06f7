//! Keeps bytes: part files, checkpoints, the queue.
