/// Whole-process measurements of Weir beside its peers. See benchmarks/README.md.
package dev.weir.benchmarks;
