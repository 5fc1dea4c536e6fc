// Package pages asks the operating system for large pages under large arrays: weights, activations, moments. The processor then
// looks up fewer addresses, which is what passes over many weights spend a third of their time on, and memory that is touched for
// the first time costs fewer faults.
package pages
