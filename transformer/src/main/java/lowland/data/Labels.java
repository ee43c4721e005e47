package lowland.data;

import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import lowland.Failure;

/// What the label column of a task means: class numbers, class names, or the numbers of a regression.
///
/// - Only whole numbers: class numbers, which are all from 0 up without a gap; the classes are named `0`, `1`, ….
/// - Only numbers, one at least not whole (`2.5`, `3.0`): a regression.
/// - Anything else: names, sorted. But NaN and infinities among numbers are no names.
public record Labels(List<String> names, boolean regression) {
    private static final Pattern WHOLE = Pattern.compile("[+-]?\\d+");
    private static final Pattern REAL = Pattern.compile("[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d{1,4})?");
    private static final Pattern NOT_FINITE = Pattern.compile("[+-]?(nan|inf|infinity)", Pattern.CASE_INSENSITIVE);

    public Labels {
        names = List.copyOf(names);
    }

    /// The labels of a training table.
    ///
    /// @throws Failure if whole numbers are not class numbers, if a number is not finite, or if all rows have the same label
    public static Labels of(TableFile table, String column) {
        table.require(column, "--label");
        boolean whole = true;
        boolean real = true;
        int numbers = 0;
        int notFinite = 0;
        int badRow = -1;
        TreeSet<String> found = new TreeSet<>();
        for (int row = 0; row < table.size(); row++) {
            String cell = cell(table, row, column);
            found.add(cell);
            whole &= WHOLE.matcher(cell).matches();
            boolean number = REAL.matcher(cell).matches();
            real &= number;
            numbers += number ? 1 : 0;
            if (NOT_FINITE.matcher(cell).matches()) {
                notFinite++;
                badRow = row;
            }
        }
        if (numbers > 0 && notFinite > 0 && numbers + notFinite == table.size()) {
            throw Failure.of(table.at(badRow) + ": the " + column + " \"" + cell(table, badRow, column) + "\" is not a finite number, and "
                    + numbers + " rows have numbers; mend or remove such rows (there are " + notFinite + ")");
        }
        if (!whole && real) {
            return new Labels(List.of(), true);
        }
        if (found.size() < 2) {
            throw Failure.of(table.name() + ": every row has the " + column + " " + found + "; a task needs two labels at least");
        }
        return whole ? numbered(table, column, found) : new Labels(List.copyOf(found), false);
    }

    /// Scores such as 1, 3, 5, or classes counted from 1, would make classes that no row has, and nobody would notice.
    private static Labels numbered(TableFile table, String column, Set<String> found) {
        TreeSet<Integer> numbers = new TreeSet<>();
        for (String cell : found) {
            numbers.add(classNumber(cell));
        }
        if (numbers.first() != 0 || numbers.last() != numbers.size() - 1 || numbers.size() < 2) {
            List<String> seen = found.stream().sorted(Comparator.comparingDouble(Double::parseDouble)).toList();
            String shown = seen.size() <= 12 ? String.join(", ", seen) : String.join(", ", seen.subList(0, 10)) + ", …, " + seen.getLast();
            throw Failure.of(table.name() + ": the column " + column + " holds the whole numbers " + shown + ", which are no class numbers:"
                    + " number the classes 0 to " + (Math.max(2, seen.size()) - 1) + ", or name them (c1, c2);"
                    + " scores, for a regression, need a decimal point in one row at least (1.0)");
        }
        return new Labels(numbers.stream().map(number -> Integer.toString(number)).toList(), false);
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

    /// The class number, negative where there is none.
    private static int classNumber(String cell) {
        return WHOLE.matcher(cell).matches() && cell.length() <= 9 ? Integer.parseInt(cell) : -1;
    }
}
