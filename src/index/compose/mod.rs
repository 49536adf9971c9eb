//! From a statement as a mapper or builder has put it together to SQL text with the way back to the source.
