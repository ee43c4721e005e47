/// Counter-based random numbers, the same bits on every executor.
package lowland.random;
