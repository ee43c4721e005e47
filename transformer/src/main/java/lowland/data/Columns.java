package lowland.data;

import java.util.ArrayList;
import java.util.List;
import lowland.Failure;

/// The columns of a table that a task uses: one or two with text, one with the label.
public record Columns(List<String> text, String label) {
    /// The label's column where nothing is said.
    public static final String LABEL = "label";

    /// What is looked for, in this order, where nothing is said.
    private static final List<List<String>> USUAL = List.of(List.of("sentence"), List.of("sentence1", "sentence2"), List.of("text"));

    public Columns {
        text = List.copyOf(text);
        if (text.isEmpty() || text.size() > 2) {
            throw Failure.usage("--text names " + text.size() + " columns; give one, or two with a comma between");
        }
    }

    /// The columns of `table`: those that the user names (`--text sentence1,sentence2`, `--label label`), each null where
    /// nothing is said.
    ///
    /// @throws Failure if the named or usual text columns are not there, listing those that are
    public static Columns of(TableFile table, String text, String label) {
        String labelColumn = label == null ? LABEL : label.strip();
        if (text == null) {
            for (List<String> usual : USUAL) {
                if (table.header().containsAll(usual)) {
                    return new Columns(usual, labelColumn);
                }
            }
            throw Failure.of(table.name() + " has neither a column sentence, nor sentence1 and sentence2, nor text; it has "
                    + String.join(", ", table.header()) + ": name one with --text");
        }
        List<String> names = new ArrayList<>();
        for (String name : text.split(",", -1)) {
            names.add(name.strip());
        }
        Columns columns = new Columns(names, labelColumn);
        columns.text.forEach(name -> table.require(name, "--text"));
        return columns;
    }
}
