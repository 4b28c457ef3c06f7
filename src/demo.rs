//! A small throttled server on loopback, so that haul can be tried without a network.
