package lowland.train;

import lowland.checkpoint.BertConfig;
import lowland.program.Inputs;
import lowland.text.Encoding;

/// Rows packed one behind the other, as the inputs of a program: real tokens only, nothing padded. The buffers are made once, for
/// the capacity, and filled anew for each batch.
final class Batch {
    private final Inputs inputs = new Inputs();
    private final BertConfig config;
    private final int capacityTokens;
    private final int capacityRows;
    private final int[] ids;
    private final int[] types;
    private final int[] positions;
    private final int[] sequences;
    private final int[] places;
    private final int[] starts;
    private final int[] firsts;
    private final int[] rowPlaces;
    private final int[] labels;
    private final float[] targets;
    private int tokens;
    private int rows;

    /// @param config says which rows of the position table a sequence's tokens take
    Batch(int capacityTokens, int capacityRows, BertConfig config) {
        this.capacityTokens = capacityTokens;
        this.capacityRows = capacityRows;
        this.config = config;
        ids = new int[capacityTokens];
        types = new int[capacityTokens];
        positions = new int[capacityTokens];
        sequences = new int[capacityTokens];
        places = new int[capacityTokens];
        starts = new int[capacityRows + 1];
        firsts = new int[capacityRows];
        rowPlaces = new int[capacityRows];
        labels = new int[capacityRows];
        targets = new float[capacityRows];
        int[] numbers = new int[capacityRows + 1];
        for (int row = 0; row <= capacityRows; row++) {
            numbers[row] = row;
        }
        inputs.ints("ids", ids).ints("types", types).ints("positions", positions).ints("sequences", sequences).ints("places", places)
                .ints("starts", starts).ints("firsts", firsts).ints("labels", labels).reals("targets", targets).ints("rows", numbers)
                .ints("rowPlaces", rowPlaces).ints("rowStarts", numbers);
    }

    void clear() {
        tokens = 0;
        rows = 0;
    }

    boolean fits(Rows from, int row) {
        return rows < capacityRows && tokens + from.tokens(row) <= capacityTokens;
    }

    void add(Rows from, int row) {
        Encoding encoding = from.encodings().get(row);
        firsts[rows] = tokens + encoding.read();
        rowPlaces[rows] = encoding.read();
        int position = config.firstPosition();
        for (int place = 0; place < encoding.length(); place++) {
            ids[tokens] = encoding.ids()[place];
            types[tokens] = encoding.typeIds()[place];
            positions[tokens] = config.isPadding(encoding.ids()[place]) ? config.padId() : position++;
            sequences[tokens] = rows;
            places[tokens] = place;
            tokens++;
        }
        // A row without a label (to be predicted) takes label 0; its loss is not looked at.
        labels[rows] = Math.max(0, from.examples().get(row).label());
        targets[rows] = Double.isNaN(from.examples().get(row).target()) ? 0 : (float) from.examples().get(row).target();
        rows++;
        starts[rows] = tokens;
    }

    /// The inputs of what was added.
    Inputs inputs() {
        return inputs.extent("tokens", tokens).extent("sequences", rows);
    }

    int tokens() {
        return tokens;
    }

    int rows() {
        return rows;
    }
}
