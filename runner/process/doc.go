// Package process runs one trainer: a child process that speaks the trainer protocol. It knows nothing of queues, leases or
// slots; what the child says goes to a Handler, and what became of it is its Outcome.
//
// Duties of this package
//   - The child leads its own process group and ends with it: when the leader has exited, whatever it left behind is killed,
//     also workers that moved to a session of their own (they are known by the AUTOML_ASSIGNMENT they inherited).
//   - The child dies with this process, even when that one is killed: Pdeathsig on Linux. The signal is tied to the thread
//     that started the child, so that thread is locked until the child has ended. What the child itself had started is not
//     covered by it; Reap finds those at the next start.
//   - Stop is TERM to the group, and KILL after the grace.
//   - Every message reaches the Handler before Wait returns, also one sent just before the exit, and they come one at a time.
//   - The child sees an allow-list of the environment, so no credentials of the runner.
//
// A child is a program of its own, or a fork of a resident process (Residents): a Python interpreter that has loaded what the script needs.
// That one, resident.py, is a child of this process and its parent; it says how each child ended, and gives up the process id only when it is
// told to, so that no signal of ours meets somebody else. Both die by Pdeathsig: the resident process with us, its children with it. A child waits at
// a gate until it is in its control groups and on its cores, and has AUTOML_ASSIGNMENT written over that of its parent in the memory
// that /proc/PID/environ shows, by which Reap and the end of the child find what has left its group.
//
// Duties of the caller: a Handler that always returns; a Home on the file system where checkpoints are kept; Wait for every
// Start that gave no error.
//
// Limits: memory and the number of processes and threads are held by control groups (v2 or v1) where they may be made. Elsewhere guard
// looks at the whole tree of processes four times a second and kills what takes too much; RLIMIT_NPROC stands in its way meanwhile.
// RLIMIT_AS is no substitute: CUDA and the Go runtime reserve far more address space than they use.
package process
