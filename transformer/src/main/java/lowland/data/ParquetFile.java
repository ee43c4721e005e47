package lowland.data;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import lowland.Failure;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.ColumnReader;
import org.apache.parquet.column.impl.ColumnReaderImpl;
import org.apache.parquet.format.ColumnChunk;
import org.apache.parquet.format.ColumnMetaData;
import org.apache.parquet.format.ConvertedType;
import org.apache.parquet.format.FieldRepetitionType;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.PageHeader;
import org.apache.parquet.format.RowGroup;
import org.apache.parquet.format.SchemaElement;
import org.apache.parquet.format.Type;
import org.apache.parquet.io.ParquetDecodingException;
import org.apache.parquet.io.api.PrimitiveConverter;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Types;
import shaded.parquet.org.apache.thrift.TBase;
import shaded.parquet.org.apache.thrift.TException;
import shaded.parquet.org.apache.thrift.protocol.TCompactProtocol;
import shaded.parquet.org.apache.thrift.protocol.TList;
import shaded.parquet.org.apache.thrift.transport.TIOStreamTransport;

/// A Parquet file, in which the hub keeps its data sets: its columns of texts, numbers and truth values, all as texts. Columns of lists,
/// structures, dates and decimals are left out.
///
/// Header, page headers and values are read by Apache Parquet's own classes; what they are given is bounded here, since they allocate what a
/// file claims: nothing in it may be larger than the file or [#MOST], and everything must lie within the file and be read once.
final class ParquetFile {
    /// Bytes, unpacked or as texts, beyond which a file is refused.
    static final int MOST = 1 << 30;
    private static final int MOST_ROWS = 10_000_000;
    private static final byte[] MAGIC = "PAR1".getBytes(StandardCharsets.US_ASCII);
    private static final Set<ConvertedType> PLAIN = Set.of(ConvertedType.UTF8, ConvertedType.ENUM, ConvertedType.JSON, ConvertedType.INT_8,
            ConvertedType.INT_16, ConvertedType.INT_32, ConvertedType.INT_64, ConvertedType.UINT_8, ConvertedType.UINT_16);

    /// A column that is read.
    ///
    /// @param leaf its number among all that hold values
    private record Column(int leaf, ColumnDescriptor descriptor) {
        String name() {
            return descriptor.getPath()[0];
        }
    }

    private final String name;
    private final byte[] bytes;
    private final List<Column> columns = new ArrayList<>();
    private int leaves;
    private long unread;
    private long unpacked = MOST;
    private long texts = MOST;

    private ParquetFile(String name, byte[] bytes) {
        this.name = name;
        this.bytes = bytes;
    }

    /// Whether the bytes begin as a Parquet file does.
    static boolean begins(byte[] bytes) {
        return bytes.length >= MAGIC.length && Arrays.equals(bytes, 0, MAGIC.length, MAGIC, 0, MAGIC.length);
    }

    /// Reads a file.
    ///
    /// @param name what messages call it
    /// @param header is given the columns' names
    /// @return the rows, each with a cell a column, null where it has none
    /// @throws Failure if it is damaged, or too large, or in a form that is not read
    static List<String[]> read(String name, byte[] bytes, List<String> header) {
        try {
            return new ParquetFile(name, bytes).rows(header);
        } catch (TException | IOException | RuntimeException | StackOverflowError e) {
            if (e instanceof Failure failure) {
                throw failure;
            }
            boolean said = e.getMessage() != null
                    && (e instanceof IOException || e instanceof TException || e instanceof ParquetDecodingException);
            throw damaged(name, said ? e.getMessage() : "its parts do not fit together (" + e.getClass().getSimpleName() + ")", e);
        }
    }

    private static Failure damaged(String name, String what, Throwable cause) {
        return Failure.of(name + " is a damaged Parquet file: " + what + "; fetch it again", cause);
    }

    private Failure damaged(String what) {
        return damaged(name, what, null);
    }

    private List<String[]> rows(List<String> header) throws TException, IOException {
        int end = bytes.length - MAGIC.length - Integer.BYTES;
        if (end < MAGIC.length || !begins(bytes) || !Arrays.equals(bytes, bytes.length - MAGIC.length, bytes.length, MAGIC, 0, MAGIC.length)) {
            throw damaged("it does not begin and end as one");
        }
        int length = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(end);
        if (length < 0 || length > end - MAGIC.length) {
            throw damaged("its footer is said to have " + Integer.toUnsignedString(length) + " bytes");
        }
        FileMetaData footer = new FileMetaData();
        parse(footer, end - length, end);
        unread = end - length - MAGIC.length;
        readSchema(footer.getSchema());
        columns.forEach(column -> header.add(column.name()));
        List<String[]> rows = new ArrayList<>();
        for (RowGroup group : footer.getRow_groups()) {
            readGroup(group, end - length, rows);
        }
        if (rows.size() != footer.getNum_rows()) {
            throw damaged("it has " + rows.size() + " rows, not " + footer.getNum_rows());
        }
        return rows;
    }

    /// Parses a structure; a list in it may not claim more elements than there are bytes.
    ///
    /// @return where it ends
    private int parse(TBase<?, ?> structure, int start, int end) throws TException {
        ByteArrayInputStream in = new ByteArrayInputStream(bytes, start, end - start);
        structure.read(new TCompactProtocol(new TIOStreamTransport(in)) {
            @Override
            public TList readListBegin() throws TException {
                TList list = super.readListBegin();
                if (list.size > end - start) {
                    throw damaged("a list is said to have " + list.size + " elements");
                }
                return list;
            }
        });
        return end - in.available();
    }

    private void readSchema(List<SchemaElement> schema) {
        int next = 1;
        for (int child = 0; child < schema.getFirst().getNum_children(); child++) {
            SchemaElement element = schema.get(next);
            boolean flat = element.getNum_children() == 0 && element.getRepetition_type() != FieldRepetitionType.REPEATED;
            if (flat && read(element)) {
                boolean optional = element.getRepetition_type() == FieldRepetitionType.OPTIONAL;
                PrimitiveType type = (optional ? Types.optional(typeOf(element)) : Types.required(typeOf(element))).named(element.getName());
                columns.add(new Column(leaves, new ColumnDescriptor(new String[] {element.getName()}, type, 0, optional ? 1 : 0)));
            }
            next = skip(schema, next);
        }
        if (columns.isEmpty()) {
            throw Failure.of(name + " has no column of texts or numbers; give it one");
        }
    }

    /// @return the element behind this one and all that is within it
    private int skip(List<SchemaElement> schema, int element) {
        int next = element + 1;
        int children = schema.get(element).getNum_children();
        leaves += children == 0 ? 1 : 0;
        for (int child = 0; child < children; child++) {
            next = skip(schema, next);
        }
        return next;
    }

    private static boolean read(SchemaElement element) {
        return element.getType() != Type.INT96 && element.getType() != Type.FIXED_LEN_BYTE_ARRAY
                && (!element.isSetConverted_type() || PLAIN.contains(element.getConverted_type()));
    }

    private static PrimitiveTypeName typeOf(SchemaElement element) {
        return switch (element.getType()) {
            case BOOLEAN -> PrimitiveTypeName.BOOLEAN;
            case INT32 -> PrimitiveTypeName.INT32;
            case INT64 -> PrimitiveTypeName.INT64;
            case FLOAT -> PrimitiveTypeName.FLOAT;
            case DOUBLE -> PrimitiveTypeName.DOUBLE;
            case BYTE_ARRAY -> PrimitiveTypeName.BINARY;
            case INT96, FIXED_LEN_BYTE_ARRAY -> throw new IllegalArgumentException("no column of texts or numbers");
        };
    }

    private void readGroup(RowGroup group, int end, List<String[]> rows) throws TException, IOException {
        int first = rows.size();
        if (group.getNum_rows() < 0 || group.getNum_rows() > MOST_ROWS - first) {
            throw Failure.of(name + " is said to have " + (first + group.getNum_rows()) + " rows, more than " + MOST_ROWS + "; split it");
        }
        int count = (int) group.getNum_rows();
        if (group.getColumns().size() != leaves) {
            throw damaged("a row group has " + group.getColumns().size() + " columns, the schema " + leaves);
        }
        for (int row = 0; row < count; row++) {
            rows.add(new String[columns.size()]);
        }
        for (int column = 0; column < columns.size(); column++) {
            Column from = columns.get(column);
            ColumnReader reader = new ColumnReaderImpl(from.descriptor, pages(from, group.getColumns().get(from.leaf), count, end),
                    new PrimitiveConverter() {}, null);
            for (int row = first; row < rows.size(); row++) {
                if (reader.getCurrentDefinitionLevel() == from.descriptor.getMaxDefinitionLevel()) {
                    rows.get(row)[column] = text(reader, from, row);
                }
                reader.consume();
            }
        }
    }

    private ParquetPages pages(Column column, ColumnChunk chunk, int rows, int end) throws TException, IOException {
        if (chunk.isSetFile_path() || !chunk.isSetMeta_data()) {
            throw Failure.of(name + " keeps the column " + column.name() + " elsewhere, which is not read; write it as one file");
        }
        ColumnMetaData meta = chunk.getMeta_data();
        long start = meta.getDictionary_page_offset() > 0 ? meta.getDictionary_page_offset() : meta.getData_page_offset();
        long size = meta.getTotal_compressed_size();
        if (start < MAGIC.length || size < 0 || size > end - start || size > unread || meta.getNum_values() != rows) {
            throw damaged("the column " + column.name() + " is said to have " + meta.getNum_values() + " values in " + size + " bytes at "
                    + start);
        }
        unread -= size;
        ParquetPages pages = new ParquetPages(column.descriptor, meta.getCodec(), rows, unpacked);
        int at = (int) start;
        while (pages.missing() > 0) {
            PageHeader header = new PageHeader();
            at = parse(header, at, (int) (start + size));
            if (header.getCompressed_page_size() < 0 || header.getCompressed_page_size() > start + size - at) {
                throw damaged("a page of the column " + column.name() + " is said to have " + header.getCompressed_page_size() + " bytes");
            }
            pages.add(header, ByteBuffer.wrap(bytes, at, header.getCompressed_page_size()));
            at += header.getCompressed_page_size();
        }
        unpacked = pages.left();
        return pages;
    }

    private String text(ColumnReader reader, Column column, int row) {
        return switch (column.descriptor.getPrimitiveType().getPrimitiveTypeName()) {
            case BOOLEAN -> Boolean.toString(reader.getBoolean());
            case INT32 -> Integer.toString(reader.getInteger());
            case INT64 -> Long.toString(reader.getLong());
            case FLOAT -> Float.toString(reader.getFloat());
            case DOUBLE -> Double.toString(reader.getDouble());
            case BINARY -> utf8(reader.getBinary().toByteBuffer(), column, row);
            default -> throw new IllegalStateException("not read: " + column);
        };
    }

    private String utf8(ByteBuffer cell, Column column, int row) {
        texts -= cell.remaining();
        if (texts < 0) {
            throw Failure.of(String.format(Locale.ROOT, "%s holds more than %d bytes of text; split it", name, MOST));
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(cell).toString();
        } catch (CharacterCodingException e) {
            throw Failure.of(name + ", row " + (row + 1) + ": the column " + column.name() + " is not UTF-8; write it as a string", e);
        }
    }
}
