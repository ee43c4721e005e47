package lowland.data;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;
import lowland.Failure;

/// What the label column of a task means: class numbers, class names, or the numbers of a regression.
///
/// - Only whole numbers: class numbers from 0; the classes are named `0`, `1`, ….
/// - Only numbers, one at least not whole (`2.5`, `3.0`): a regression.
/// - Anything else: names, sorted.
public record Labels(List<String> names, boolean regression) {
    private static final Pattern WHOLE = Pattern.compile("[+-]?\\d+");
    private static final Pattern REAL = Pattern.compile("[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d{1,4})?");
    /// More classes than this are scores or identifiers.
    private static final int MOST_CLASSES = 10_000;

    public Labels {
        names = List.copyOf(names);
    }

    /// The labels of a training table.
    ///
    /// @throws Failure if a class number is negative or too large, or if all rows have the same label
    public static Labels of(TableFile table, String column) {
        boolean whole = true;
        boolean real = true;
        TreeSet<String> found = new TreeSet<>();
        for (int row = 0; row < table.size(); row++) {
            String cell = cell(table, row, column);
            found.add(cell);
            whole &= WHOLE.matcher(cell).matches();
            real &= REAL.matcher(cell).matches();
        }
        if (!whole && real) {
            return new Labels(List.of(), true);
        }
        if (found.size() < 2) {
            throw Failure.of(table.name() + ": every row has the " + column + " " + found + "; a task needs two labels at least");
        }
        if (!whole) {
            return new Labels(List.copyOf(found), false);
        }
        int classes = 0;
        for (int row = 0; row < table.size(); row++) {
            int number = classNumber(cell(table, row, column));
            if (number < 0) {
                throw Failure.of(table.at(row) + ": the " + column + " " + cell(table, row, column) + " is not from 0 to "
                        + (MOST_CLASSES - 1) + "; number the classes from 0, or write scores with a decimal point");
            }
            classes = Math.max(classes, number + 1);
        }
        List<String> numbers = new ArrayList<>();
        for (int k = 0; k < classes; k++) {
            numbers.add(Integer.toString(k));
        }
        return new Labels(numbers, false);
    }

    /// The class of a row: its name's place, or the number that it is.
    ///
    /// @throws Failure if the label is unknown, listing the known ones
    public int index(TableFile table, int row, String column) {
        String cell = cell(table, row, column);
        int index = names.indexOf(cell);
        if (index < 0) {
            index = classNumber(cell);
        }
        if (index < 0 || index >= names.size()) {
            String shown = names.size() <= 20 ? String.join(", ", names) : String.join(", ", names.subList(0, 20)) + ", …";
            throw Failure.of(table.at(row) + ": the " + column + " \"" + cell + "\" is unknown; the task's labels are " + shown);
        }
        return index;
    }

    /// The number of a regression's row.
    ///
    /// @throws Failure if the label is not a finite number
    public double target(TableFile table, int row, String column) {
        String cell = cell(table, row, column);
        double target = REAL.matcher(cell).matches() ? Double.parseDouble(cell) : Double.NaN;
        if (!Float.isFinite((float) target)) {
            throw Failure.of(table.at(row) + ": the " + column + " \"" + cell + "\" is not a number; the task is a regression");
        }
        return target;
    }

    private static String cell(TableFile table, int row, String column) {
        String cell = table.cell(row, column).strip();
        if (cell.isEmpty()) {
            throw Failure.of(table.at(row) + ": the column " + column + " is empty; give every row a label");
        }
        return cell;
    }

    /// The class number, or -1 where there is none from 0 to `MOST_CLASSES` - 1.
    private static int classNumber(String cell) {
        if (!WHOLE.matcher(cell).matches() || cell.length() > 9) {
            return -1;
        }
        int number = Integer.parseInt(cell);
        return number < MOST_CLASSES ? number : -1;
    }
}
