package lowland.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkersTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8})
    void everyChunkRunsOnceAndIsSeenByTheCaller(int threads) {
        try (Workers workers = new Workers(threads)) {
            for (int round = 0; round < 2000; round++) {
                int chunks = round % 13;
                AtomicIntegerArray seen = new AtomicIntegerArray(13);
                int[] plain = new int[13];
                workers.run(chunks, (chunk, worker) -> {
                    assertTrue(worker >= 0 && worker < threads);
                    seen.incrementAndGet(chunk);
                    plain[chunk] = chunk + 1;
                });
                for (int i = 0; i < 13; i++) {
                    assertEquals(i < chunks ? 1 : 0, seen.get(i));
                    assertEquals(i < chunks ? i + 1 : 0, plain[i]);
                }
            }
        }
    }

    /// Neighbouring chunks stay with one worker: shares are even, a worker goes up its own, and down another's once its own is done.
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8})
    void aWorkerTakesItsOwnShareInOrderAndThenTheEndsOfOthers(int threads) {
        try (Workers workers = new Workers(threads)) {
            for (int chunks : new int[] {1, 2, 7, 8, 64, 250}) {
                for (int round = 0; round < 100; round++) {
                    List<List<Integer>> taken = new ArrayList<>();
                    for (int worker = 0; worker < threads; worker++) {
                        taken.add(new ArrayList<>());
                    }
                    workers.run(chunks, (chunk, worker) -> taken.get(worker).add(chunk));
                    for (int worker = 0; worker < threads; worker++) {
                        assertTakenInOrder(taken.get(worker), worker, chunks, threads);
                    }
                }
            }
        }
    }

    private static void assertTakenInOrder(List<Integer> taken, int worker, int chunks, int threads) {
        int sharing = Math.min(threads, chunks);
        int[] latest = new int[sharing];
        Arrays.fill(latest, -1);
        boolean elsewhere = false;
        for (int chunk : taken) {
            int share = ((chunk + 1) * sharing - 1) / chunks;
            boolean own = share == worker;
            // A helper may see another's share before its own is there; the caller has set all.
            assertFalse(worker == 0 && own && elsewhere, () -> "the caller left its share before its end: " + taken);
            assertTrue(latest[share] < 0 || (own ? chunk > latest[share] : chunk < latest[share]), () -> "worker " + worker + ": " + taken);
            latest[share] = chunk;
            elsewhere |= !own;
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void othersDoTheShareOfAWorkerThatIsHeldUp(int threads) {
        try (Workers workers = new Workers(threads)) {
            CountDownLatch others = new CountDownLatch(19);
            workers.run(20, (chunk, worker) -> {
                if (chunk > 0) {
                    others.countDown();
                    return;
                }
                try {
                    assertTrue(others.await(20, TimeUnit.SECONDS), "the chunks behind one that takes long were left to its worker");
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            });
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 8})
    void aWorkerRunsOneChunkAtATime(int threads) {
        try (Workers workers = new Workers(threads)) {
            AtomicIntegerArray inside = new AtomicIntegerArray(threads);
            for (int round = 0; round < 200; round++) {
                workers.run(20, (chunk, worker) -> {
                    assertEquals(1, inside.incrementAndGet(worker));
                    Thread.onSpinWait();
                    inside.decrementAndGet(worker);
                });
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 8})
    void theExceptionOfAChunkReachesTheCallerAndTheNextRunWorks(int threads) {
        try (Workers workers = new Workers(threads)) {
            RuntimeException thrown = new RuntimeException("chunk 5");
            assertSame(thrown, assertThrows(RuntimeException.class, () -> workers.run(9, (chunk, worker) -> {
                if (chunk == 5) {
                    throw thrown;
                }
            })));
            AtomicIntegerArray seen = new AtomicIntegerArray(4);
            workers.run(4, (chunk, worker) -> seen.incrementAndGet(chunk));
            for (int i = 0; i < 4; i++) {
                assertEquals(1, seen.get(i));
            }
        }
    }

    @Test
    void wakesAfterARest() throws InterruptedException {
        try (Workers workers = new Workers(3)) {
            AtomicIntegerArray seen = new AtomicIntegerArray(6);
            for (int round = 1; round <= 3; round++) {
                Thread.sleep(50);
                workers.run(6, (chunk, worker) -> seen.incrementAndGet(chunk));
                for (int i = 0; i < 6; i++) {
                    assertEquals(round, seen.get(i));
                }
            }
        }
    }

    @Test
    void idleThreadsTakeNoTime() throws InterruptedException {
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Workers workers = new Workers(2)) {
            long[] helper = {-1};
            for (int round = 0; round < 100_000 && helper[0] < 0; round++) {
                workers.run(8, (chunk, worker) -> {
                    if (worker == 1) {
                        helper[0] = Thread.currentThread().threadId();
                    }
                });
            }
            assertTrue(helper[0] >= 0, "the helper never got a chunk");
            Thread.sleep(100);
            long before = threads.getThreadCpuTime(helper[0]);
            Thread.sleep(200);
            assertTrue(threads.getThreadCpuTime(helper[0]) - before < 20_000_000L);
        }
    }

    @Test
    void refusesNestedRunsRunsAfterCloseAndNoThreads() {
        Workers workers = new Workers(2);
        assertThrows(IllegalStateException.class, () -> workers.run(1, (chunk, worker) -> workers.run(1, (c, w) -> { })));
        workers.close();
        assertThrows(IllegalStateException.class, () -> workers.run(1, (chunk, worker) -> { }));
        assertThrows(IllegalArgumentException.class, () -> new Workers(0));
    }

    @Test
    void aRunAllocatesNothing() {
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long self = Thread.currentThread().threadId();
        Workers.Chunk nothing = (chunk, worker) -> { };
        try (Workers workers = new Workers(2)) {
            for (int i = 0; i < 1000; i++) {
                workers.run(8, nothing);
            }
            long before = threads.getThreadAllocatedBytes(self);
            for (int i = 0; i < 1000; i++) {
                workers.run(8, nothing);
            }
            assertTrue(threads.getThreadAllocatedBytes(self) - before < 1000, "a run allocates");
        }
    }
}
