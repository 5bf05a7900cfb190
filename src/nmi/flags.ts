/*
 * What a process must be started with, so that its threads can be stopped and live.
 *
 * V8 compiles what is hot on a thread of its own, while the program runs on.  And a thread that is told to pause (stop.ts)
 * while it enters a function is not paused there, as that function has no context yet: V8 puts a break into the function
 * and lets the thread run into it.  Until Node 24 the two do not agree.  The compiler picks the functions that it will make
 * part of their caller, and later, when it is through with the rest of the caller, does so; one that got its break in
 * between is not what was picked any more, and a check that takes this for impossible ends the process by SIGTRAP:
 *
 *     Check failed: inlineability == SharedFunctionInfo::kHasOptimizationDisabled
 *
 * So a dump could be the end of the run that it was asked of.  On a busy host that was so in 4 of 238 trials which were asked
 * for three each as soon as they ran, when the compiler has most to do.  Where each stop meets a compilation, Node 20, 22
 * and 24 did not live through 120 of them, in three tries each; Node 26.10, in which it is mended, did in all three
 * (test/nmi/flags.test.ts makes it happen).
 *
 * With this flag a thread compiles its own code, and one that compiles cannot be paused in the middle of it.  What it
 * compiles is the same.  The threads stand still for it, each for its own, where they would have run on in slower code.
 *
 * What was rejected
 *
 *   - Setting the flag for the time of a stop only, as it can be set: nobody says when the compiler is through with what
 *     it has begun by then.
 *   - To have nothing made part of its caller, by another flag: that is another program, and a slower one.
 *   - `debugger`, which pauses anywhere: see stop.ts.
 *   - Only where it is needed: a campaign under several versions of Node is to differ in the version.
 *
 * Whoever starts gridlock with the flag that says the opposite gets that.
 */

/** Options of node; others, given after them, may say the opposite. */
export const STOPPABLE: readonly string[] = ['--no-concurrent-recompilation'];
