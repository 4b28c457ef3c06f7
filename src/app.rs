//! Puts the house together: settings, protocols, engine, the chosen face, shutdown.
