// Package search says where to look: the search space, and samplers that propose the parameters of trials.
//
// A [Space] is an ordered list of parameters, some of which exist only while others have certain values. It is checked once
// ([Space.Validate]); everything else here expects a valid one. A configuration is complete when each parameter that exists
// in it has a value ([Space.Contains]); [Space.Complete] and [Space.Fill] bring what a person wrote into that form. The typed
// parameter "freeze" becomes several ordinary ones ([ExpandFreeze]), which trial.FreezeFrom reads.
//
// A [Sampler] looks at a study and proposes the parameters of the next trial. Samplers are policy: which trials count, what
// they are compared at, what must not be proposed. Numbers are left to packages below this one, which see arrays only; a
// [Codec] translates.
//
// Duties of the caller:
//
//   - Derive the source of a proposal from the study's seed and the number of the new trial ([Source]). The same source and
//     the same state give the same proposal, in this process or in another one.
//   - Record a proposal in the state before asking for the next one, also while the trial only waits. What the state does not
//     show may be proposed again.
//   - Do not change a state while a sampler reads it. One sampler may serve several goroutines and several states, but it
//     remembers only the state it saw last, and reads another one anew.
//   - End the study at [ErrExhausted].
//
// No configuration is proposed twice. Two are the same when all their values are, and when they differ only in how they write
// a freeze schedule: partial and surgical schedules that reach the last block are full ones.
package search
