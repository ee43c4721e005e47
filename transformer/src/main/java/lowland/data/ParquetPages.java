package lowland.data;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Queue;
import java.util.zip.GZIPInputStream;
import org.apache.parquet.bytes.BytesInput;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.Encoding;
import org.apache.parquet.column.page.DataPage;
import org.apache.parquet.column.page.DataPageV1;
import org.apache.parquet.column.page.DataPageV2;
import org.apache.parquet.column.page.DictionaryPage;
import org.apache.parquet.column.page.PageReader;
import org.apache.parquet.format.CompressionCodec;
import org.apache.parquet.format.PageHeader;
import org.apache.parquet.format.PageType;
import org.xerial.snappy.Snappy;

/// The pages of a column in a row group, unpacked, with what they claim held against what they have: the readers behind allocate by it.
///
/// Values are plain or numbers in a dictionary, as the hub's files have them; packed by Snappy, Zstandard, gzip or not at all.
final class ParquetPages implements PageReader {
    private final ColumnDescriptor column;
    private final CompressionCodec codec;
    private final int rows;
    private final Queue<DataPage> pages = new ArrayDeque<>();
    private DictionaryPage dictionary;
    private int missing;
    private long left;

    /// @param rows values of all pages
    /// @param left bytes that may still be unpacked
    ParquetPages(ColumnDescriptor column, CompressionCodec codec, int rows, long left) {
        this.column = column;
        this.codec = codec;
        this.rows = rows;
        this.missing = rows;
        this.left = left;
    }

    /// Values that the pages so far do not have.
    int missing() {
        return missing;
    }

    /// Bytes that may still be unpacked.
    long left() {
        return left;
    }

    /// Takes the next page.
    ///
    /// @throws IOException if it is not what its header says, or in a form that is not read
    void add(PageHeader header, ByteBuffer packed) throws IOException {
        if (header.getUncompressed_page_size() < 0 || header.getUncompressed_page_size() > left) {
            throw new IOException("a page is said to have " + header.getUncompressed_page_size() + " bytes unpacked");
        }
        left -= header.getUncompressed_page_size();
        if (header.getType() == PageType.DICTIONARY_PAGE) {
            addDictionary(header, packed);
        } else if (header.getType() == PageType.DATA_PAGE) {
            add(header.getData_page_header(), unpack(packed, header.getUncompressed_page_size()));
        } else if (header.getType() == PageType.DATA_PAGE_V2) {
            add(header.getData_page_header_v2(), packed, header.getUncompressed_page_size());
        }
    }

    private void addDictionary(PageHeader header, ByteBuffer packed) throws IOException {
        int values = header.getDictionary_page_header().getNum_values();
        if (dictionary != null || values < 0 || values > header.getUncompressed_page_size()) {
            throw new IOException("a dictionary is said to have " + values + " values");
        }
        dictionary = new DictionaryPage(BytesInput.from(unpack(packed, header.getUncompressed_page_size())), values, Encoding.PLAIN);
    }

    private void add(org.apache.parquet.format.DataPageHeader header, ByteBuffer page) throws IOException {
        int values = take(header.getNum_values());
        Encoding encoding = encoding(header.getEncoding());
        ByteBuffer rest = page.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        if (column.getMaxDefinitionLevel() > 0) {
            if (header.getDefinition_level_encoding() != org.apache.parquet.format.Encoding.RLE) {
                throw new IOException("empty cells are marked by " + header.getDefinition_level_encoding() + ", which is not read");
            }
            int length = rest.getInt();
            if (length < 0 || length > rest.remaining()) {
                throw new IOException("the marks of empty cells are said to have " + length + " bytes");
            }
            requireRuns(rest.slice(rest.position(), length), 1, values);
            rest.position(rest.position() + length);
        }
        requireValues(rest, encoding, values);
        if (values > 0) {
            pages.add(new DataPageV1(BytesInput.from(page), values, page.remaining(), null, Encoding.RLE, Encoding.RLE, encoding));
        }
    }

    private void add(org.apache.parquet.format.DataPageHeaderV2 header, ByteBuffer packed, int size) throws IOException {
        int values = take(header.getNum_values());
        Encoding encoding = encoding(header.getEncoding());
        int levels = header.getDefinition_levels_byte_length();
        if (header.getRepetition_levels_byte_length() != 0 || levels < 0 || levels > packed.remaining() || levels > size) {
            throw new IOException("the marks of empty cells are said to have " + levels + " bytes");
        }
        ByteBuffer marks = packed.slice(packed.position(), levels);
        ByteBuffer data = packed.slice(packed.position() + levels, packed.remaining() - levels);
        ByteBuffer unpacked = header.isIs_compressed() ? unpack(data, size - levels) : data;
        if (column.getMaxDefinitionLevel() > 0) {
            requireRuns(marks.duplicate(), 1, values);
        }
        requireValues(unpacked.duplicate(), encoding, values);
        if (values > 0) {
            pages.add(DataPageV2.uncompressed(values, header.getNum_nulls(), values, BytesInput.empty(), BytesInput.from(marks), encoding,
                    BytesInput.from(unpacked), null));
        }
    }

    private int take(int values) throws IOException {
        if (values < 0 || values > missing) {
            throw new IOException("a page is said to have " + values + " values");
        }
        missing -= values;
        return values;
    }

    private static Encoding encoding(org.apache.parquet.format.Encoding encoding) throws IOException {
        return switch (encoding) {
            case PLAIN -> Encoding.PLAIN;
            case PLAIN_DICTIONARY, RLE_DICTIONARY -> Encoding.RLE_DICTIONARY;
            case null, default -> throw new IOException("values are encoded as " + encoding + ", which is not read: write them plain or with a"
                    + " dictionary");
        };
    }

    private static void requireValues(ByteBuffer values, Encoding encoding, int count) throws IOException {
        if (encoding == Encoding.RLE_DICTIONARY && values.hasRemaining()) {
            int bits = values.get();
            if (bits < 0 || bits > Integer.SIZE) {
                throw new IOException("numbers of a dictionary are said to have " + bits + " bits");
            }
            requireRuns(values, bits, count);
        }
    }

    /// Runs of equal numbers and of packed ones, each with its length before it. The reader takes memory for a packed run by its length.
    private static void requireRuns(ByteBuffer runs, int bits, int count) throws IOException {
        long seen = 0;
        while (seen < count && runs.hasRemaining()) {
            long head = 0;
            for (int shift = 0, more = 1; more != 0; shift += 7) {
                byte next = runs.get();
                head |= (long) (next & 0x7f) << shift;
                more = shift < 28 ? next & 0x80 : 0;
            }
            boolean equal = (head & 1) == 0;
            long length = equal ? head >>> 1 : (head >>> 1) * Byte.SIZE;
            // Packed numbers come in groups of eight.
            if (length < 1 || seen + length > (long) count + (equal ? 0 : Byte.SIZE - 1)) {
                throw new IOException("a run is said to have " + length + " of " + count + " values");
            }
            seen += length;
            int bytes = equal ? Math.ceilDiv(bits, Byte.SIZE) : (int) (length / Byte.SIZE * bits);
            runs.position(Math.min(runs.limit(), runs.position() + bytes));
        }
    }

    private ByteBuffer unpack(ByteBuffer packed, int size) throws IOException {
        byte[] from = new byte[packed.remaining()];
        packed.get(from);
        byte[] unpacked = switch (codec) {
            case UNCOMPRESSED -> from;
            case SNAPPY -> Snappy.isValidCompressedBuffer(from) && Snappy.uncompressedLength(from) == size ? Snappy.uncompress(from) : null;
            case GZIP -> gunzip(from, size);
            case ZSTD -> zstd(from, size);
            case null, default -> throw new IOException("pages are packed by " + codec + ", which is not read: write them with snappy or zstd");
        };
        if (unpacked == null || unpacked.length != size) {
            throw new IOException("a page of " + size + " bytes cannot be unpacked");
        }
        return ByteBuffer.wrap(unpacked).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static byte[] gunzip(byte[] from, int size) throws IOException {
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(from))) {
            byte[] unpacked = in.readNBytes(size);
            return in.read() < 0 ? unpacked : null;
        }
    }

    private static byte[] zstd(byte[] from, int size) {
        byte[] unpacked = new byte[size];
        long written = Zstd.decompress(unpacked, from);
        return written == size ? unpacked : Zstd.isError(written) ? null : Arrays.copyOf(unpacked, (int) written);
    }

    @Override
    public DictionaryPage readDictionaryPage() {
        return dictionary;
    }

    @Override
    public long getTotalValueCount() {
        return rows;
    }

    @Override
    public DataPage readPage() {
        return pages.poll();
    }
}
