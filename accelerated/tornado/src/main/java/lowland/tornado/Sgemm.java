package lowland.tornado;

/// What BLAS' sgemm, C = α·op(A)·op(B) + β·C on column-major matrices, is told to compute a row-major product y = op(a)·op(b) + β·y.
///
/// A row-major matrix read by columns is its transpose, and yᵀ = op(b)ᵀ·op(a)ᵀ. So b comes first, both keep their own transposition, and
/// each leading dimension is the length of a stored row:
///
/// | BLAS      | is                                              |
/// |-----------|-------------------------------------------------|
/// | A, `lda`  | b; N, transposed K                              |
/// | B, `ldb`  | a; K, transposed M                              |
/// | C, `ldc`  | y; N                                            |
/// | m, n, k   | N, M, K                                         |
/// | α, β      | 1; 1 if y starts with an addend, else 0         |
///
/// @param transposeFirst 1 if BLAS transposes b
/// @param transposeSecond 1 if BLAS transposes a
record Sgemm(int transposeFirst, int transposeSecond, int m, int n, int k, int lda, int ldb, float beta, int ldc) {
    /// @param rows M of the row-major product, [M, K]·[K, N]
    /// @param columns N
    /// @param depth K
    /// @param added whether y holds an addend already
    static Sgemm of(int rows, int columns, int depth, boolean transposeA, boolean transposeB, boolean added) {
        return new Sgemm(transposeB ? 1 : 0, transposeA ? 1 : 0, columns, rows, depth, leading(transposeB ? depth : columns),
                leading(transposeA ? rows : depth), added ? 1f : 0f, leading(columns));
    }

    /// BLAS refuses a leading dimension of zero.
    private static int leading(int length) {
        return Math.max(1, length);
    }

    /// Whether y has no elements.
    boolean empty() {
        return m == 0 || n == 0;
    }
}
