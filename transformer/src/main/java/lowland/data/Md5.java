package lowland.data;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/// Splits by hash: which side a row falls on depends on its text alone, not on its neighbours or the order.
final class Md5 {
    private Md5() {}

    /// A number from 0 to below 1, from the first 52 bits of the text's MD5.
    static double share(String text) {
        byte[] hash = digest(text);
        long bits = new BigInteger(1, hash).shiftRight(128 - 52).longValueExact();
        return bits * 0x1p-52;
    }

    private static byte[] digest(String text) {
        try {
            return MessageDigest.getInstance("MD5").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has MD5", e);
        }
    }
}
