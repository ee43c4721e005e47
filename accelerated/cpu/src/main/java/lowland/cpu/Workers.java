package lowland.cpu;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/// A fixed team of threads that runs numbered chunks of work: the caller and N−1 daemon threads.
///
/// Each thread has an even share of the chunks, those beside each other, and takes them in order; one that is done takes the last ones of
/// another's share. So what neighbouring chunks read stays in one core's cache, and most of what a run leaves there is where the next
/// looks for it. Which thread runs which chunk is still open; a body must therefore write only what belongs to its chunk, or to its
/// worker's scratch. Threads spin a little after the last chunk, then park. A run allocates nothing. One thread at a time may call [#run];
/// a body must not call it.
public final class Workers implements AutoCloseable {
    /// One numbered piece of work.
    @FunctionalInterface
    public interface Chunk {
        /// Does chunk `chunk` on worker `worker`, 0 (the caller) to [#threads] − 1; no two chunks run on one worker at once.
        void run(int chunk, int worker);
    }

    private static final VarHandle IDLE = MethodHandles.arrayElementVarHandle(boolean[].class);
    /// Shares lie two cache lines apart.
    private static final int APART = 16;
    private static final int NONE = -1;

    private final Thread[] helpers;
    private final int patience;
    /// What nobody has claimed yet of each worker's share: its first chunk in the upper half, the one behind its last in the lower. One
    /// word, so that a claim is one exchange.
    private final AtomicLongArray shares;
    private final AtomicInteger unfinished = new AtomicInteger();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final AtomicReference<Thread> caller = new AtomicReference<>();
    private final boolean[] idle;
    private volatile boolean callerParked;
    private volatile boolean closed;
    private Chunk body;

    /// @param threads how many threads work, the caller among them
    /// @throws IllegalArgumentException if `threads` is below 1
    public Workers(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads is " + threads + ": expected at least 1");
        }
        // With more threads than cores a spinning thread takes the core of one that has work.
        patience = threads <= Runtime.getRuntime().availableProcessors() ? 10_000 : 50;
        shares = new AtomicLongArray(threads * APART);
        idle = new boolean[threads];
        helpers = new Thread[threads - 1];
        for (int i = 0; i < helpers.length; i++) {
            int worker = i + 1;
            helpers[i] = Thread.ofPlatform().daemon().name("lowland-" + worker).start(() -> serve(worker));
        }
    }

    /// How many threads work, the caller among them.
    public int threads() {
        return helpers.length + 1;
    }

    /// Runs `body` for every chunk 0 … `chunks` − 1 and returns when all are done. If chunks throw, the first failure seen is
    /// thrown here after the others have ended.
    public void run(int chunks, Chunk body) {
        if (closed) {
            throw new IllegalStateException("these workers are closed");
        }
        if (!caller.compareAndSet(null, Thread.currentThread())) {
            throw new IllegalStateException("these workers already run something: one run at a time, and none inside a chunk");
        }
        try {
            if (chunks > 0) {
                runAll(chunks, body);
            }
        } finally {
            this.body = null;
            caller.set(null);
        }
        Throwable thrown = failure.getAndSet(null);
        switch (thrown) {
            case null -> { }
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> throw new IllegalStateException(thrown);
        }
    }

    private void runAll(int chunks, Chunk body) {
        this.body = body;
        unfinished.set(chunks);
        // The caller's last: a thread that waits looks for its own first, and at those behind it before those in front.
        for (int i = 1; i <= threads(); i++) {
            int worker = i % threads();
            shares.set(worker * APART, first(worker, chunks) << 32 | first(worker + 1, chunks));
        }
        int wanted = Math.min(helpers.length, chunks - 1);
        for (int i = 1; i <= wanted; i++) {
            if ((boolean) IDLE.getVolatile(idle, i)) {
                LockSupport.unpark(helpers[i - 1]);
            }
        }
        while (claimAndRun(0)) {
            // Until no chunk is left.
        }
        for (int spins = 0; unfinished.get() > 0; spins++) {
            if (spins < patience) {
                Thread.onSpinWait();
            } else {
                callerParked = true;
                if (unfinished.get() > 0) {
                    LockSupport.park(this);
                }
                callerParked = false;
            }
        }
    }

    /// The first chunk of a worker's share. Of fewer chunks than workers the first workers have one each.
    private long first(int worker, long chunks) {
        long sharing = Math.min(threads(), chunks);
        return Math.min(worker, sharing) * chunks / sharing;
    }

    /// A chunk that nobody else gets: the first of the worker's own share, else the last of another's; [#NONE] if none is left.
    private int claim(int worker) {
        for (int i = 0; i < threads(); i++) {
            int share = (worker + i) % threads() * APART;
            for (long seen = shares.get(share); (int) (seen >>> 32) < (int) seen; seen = shares.get(share)) {
                if (shares.compareAndSet(share, seen, i == 0 ? seen + (1L << 32) : seen - 1)) {
                    return i == 0 ? (int) (seen >>> 32) : (int) seen - 1;
                }
            }
        }
        return NONE;
    }

    /// Claims one chunk and runs it. False if there was none.
    private boolean claimAndRun(int worker) {
        int chunk = claim(worker);
        if (chunk == NONE) {
            return false;
        }
        // The claim keeps its run from ending, so the body is that run's.
        try {
            body.run(chunk, worker);
        } catch (Throwable t) {
            failure.compareAndSet(null, t);
        } finally {
            Thread waiting = caller.get();
            if (unfinished.decrementAndGet() == 0 && callerParked) {
                LockSupport.unpark(waiting);
            }
        }
        return true;
    }

    private boolean anyLeft() {
        for (int worker = 0; worker < threads(); worker++) {
            long share = shares.get(worker * APART);
            if ((int) (share >>> 32) < (int) share) {
                return true;
            }
        }
        return false;
    }

    private void serve(int worker) {
        int spins = 0;
        while (!closed) {
            if (claimAndRun(worker)) {
                spins = 0;
            } else if (spins++ < patience) {
                Thread.onSpinWait();
            } else {
                IDLE.setVolatile(idle, worker, true);
                if (!anyLeft() && !closed) {
                    LockSupport.park(this);
                }
                IDLE.setVolatile(idle, worker, false);
                spins = 0;
            }
        }
    }

    /// Lets the threads end. Chunks already claimed are finished.
    @Override
    public void close() {
        closed = true;
        for (Thread helper : helpers) {
            LockSupport.unpark(helper);
        }
        for (Thread helper : helpers) {
            boolean interrupted = false;
            while (helper.isAlive()) {
                try {
                    helper.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
