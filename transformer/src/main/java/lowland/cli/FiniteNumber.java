package lowland.cli;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// A number on the command line. NaN, an infinity and what is too large to be told from one are refused as they were written.
record FiniteNumber() implements ITypeConverter<Double> {
    @Override
    public Double convert(String text) {
        double number = Double.parseDouble(text);
        if (!Double.isFinite(number)) {
            throw new TypeConversionException("'" + text + "' is not a finite number");
        }
        return number;
    }
}
