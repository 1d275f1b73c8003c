//! Geodesics as straight edges: what other formats mean by an edge, said in ours (spec/airspace.md §8).
