package lowland.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// The values of an enum as they are spelled on the command line: `INVERSE_SQRT` is `inverse-sqrt`.
record Choice<E extends Enum<E>>(Class<E> type) implements ITypeConverter<E> {
    static String name(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    @Override
    public E convert(String text) {
        List<String> names = new ArrayList<>();
        for (E value : type.getEnumConstants()) {
            names.add(name(value));
            if (name(value).equals(text)) {
                return value;
            }
        }
        throw new TypeConversionException("'" + text + "' is not one of " + String.join(", ", names));
    }
}
