//! A disk that is full or read-only, a store that is locked or damaged, evidence that was touched, a clock set back.
