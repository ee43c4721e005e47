package lowland.data;

import java.util.Collections;
import java.util.List;

/// `numpy.random.seed(seed); numpy.random.shuffle(list)`: the few-shot samples of LM-BFF and of all that followed it are defined by it.
///
/// The generator is MT19937 (Matsumoto and Nishimura, ACM TOMACS 8, 1998) started by one number; the shuffle goes from the end, and draws a
/// place by masking bits until it is in range (numpy's legacy `RandomState`, which is frozen).
final class NumpyShuffle {
    private static final int N = 624;
    private static final int M = 397;

    private final int[] state = new int[N];
    private int next = N;

    private NumpyShuffle(int seed) {
        state[0] = seed;
        for (int i = 1; i < N; i++) {
            state[i] = 1812433253 * (state[i - 1] ^ state[i - 1] >>> 30) + i;
        }
    }

    static void shuffle(List<?> list, int seed) {
        NumpyShuffle random = new NumpyShuffle(seed);
        for (int i = list.size() - 1; i > 0; i--) {
            Collections.swap(list, i, random.upTo(i));
        }
    }

    /// Evenly from 0 to `most`.
    private int upTo(int most) {
        int mask = -1 >>> Integer.numberOfLeadingZeros(most);
        int value = bits() & mask;
        while (value > most) {
            value = bits() & mask;
        }
        return value;
    }

    private int bits() {
        if (next == N) {
            for (int i = 0; i < N; i++) {
                int y = state[i] & 0x80000000 | state[(i + 1) % N] & 0x7fffffff;
                state[i] = state[(i + M) % N] ^ y >>> 1 ^ ((y & 1) == 0 ? 0 : 0x9908b0df);
            }
            next = 0;
        }
        int y = state[next++];
        y ^= y >>> 11;
        y ^= y << 7 & 0x9d2c5680;
        y ^= y << 15 & 0xefc60000;
        return y ^ y >>> 18;
    }
}
