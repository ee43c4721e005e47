package lowland.tornado;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.lang.classfile.Annotation;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeAnnotation;
import java.lang.classfile.constantpool.MethodRefEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.OperatorInstruction;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// TornadoVM's silent faults, looked for in the class files of the kernels: what compiles, runs and is wrong.
class KernelGuardTest {
    private static final List<String> KERNELS = List.of("Attention", "Elementwise", "FloatMath", "Losses", "RandomBits", "Norms", "Products",
            "Row", "SmallMatrices", "Tables", "Transfers");

    private static ClassModel read(String name) throws IOException {
        try (InputStream in = KernelGuardTest.class.getClassLoader().getResourceAsStream("lowland/tornado/" + name + ".class")) {
            assumeTrue(in != null, "the module accelerated/tornado is not built: no TornadoVM");
            return ClassFile.of().parse(in.readAllBytes());
        }
    }

    private static List<String> faults(MethodModel method) {
        String name = method.methodName().stringValue();
        List<String> faults = new ArrayList<>();
        for (CodeElement element : method.code().orElseThrow()) {
            if (element instanceof OperatorInstruction operator
                    && (operator.opcode() == Opcode.IUSHR || operator.opcode() == Opcode.LUSHR)) {
                faults.add(name + " shifts by >>>, which is emitted as >>");
            }
            if (element instanceof InvokeInstruction call && call.owner().asInternalName().startsWith("lowland/tornado/")
                    && call.typeSymbol().parameterList().stream().anyMatch(type -> type.isArray())) {
                faults.add(name + " hands an array to " + call.name() + ", which indexes a local one wrongly");
            }
        }
        if (annotations(method).anyMatch(annotation -> annotation.matches(".*[/$]Parallel;"))) {
            faults.add(name + " is annotated with Parallel, which runs in one thread where a buffer holds its bound");
        }
        if (annotations(method).anyMatch(annotation -> annotation.matches(".*[/$]Reduce;"))) {
            faults.add(name + " is annotated with Reduce, which gives wrong sums");
        }
        boolean counts = method.code().orElseThrow().elementStream().anyMatch(element -> element instanceof InvokeInstruction call
                && call.owner().asInternalName().equals("lowland/tornado/Row") && call.typeSymbol().parameterType(0).descriptorString().equals("I"));
        boolean kernel = method.methodTypeSymbol().parameterList().stream().anyMatch(type -> type.displayName().endsWith("KernelContext"));
        if (kernel != name.startsWith("kernel")) {
            faults.add(name + ": kernels, and they alone, are named kernel…, since the names of OpenCL's functions crash its compiler");
        }
        if (kernel && !counts) {
            faults.add(name + " does not count itself by Row.of or Row.count, so that nobody would notice if it did not start");
        }
        if (kernel && method.methodTypeSymbol().parameterList().stream().anyMatch(type -> type.descriptorString().equals("Z"))) {
            faults.add(name + " has a boolean parameter, which OpenCL does not build");
        }
        return faults;
    }

    /// Those of the parameters and, which only annotations of types leave in a class file, of the local variables.
    private static Stream<String> annotations(MethodModel method) {
        Stream<Annotation> parameters = method.findAttribute(Attributes.runtimeVisibleParameterAnnotations()).stream()
                .flatMap(attribute -> attribute.parameterAnnotations().stream()).flatMap(List::stream);
        Stream<Annotation> variables = method.code().orElseThrow().findAttribute(Attributes.runtimeVisibleTypeAnnotations()).stream()
                .flatMap(attribute -> attribute.annotations().stream()).map(TypeAnnotation::annotation);
        return Stream.concat(parameters, variables).map(annotation -> annotation.className().stringValue());
    }

    @Test
    void noKernelHasAKnownFault() throws IOException {
        List<String> faults = new ArrayList<>();
        int kernels = 0;
        for (String name : KERNELS) {
            for (MethodModel method : read(name).methods()) {
                faults.addAll(faults(method));
                kernels += method.methodName().stringValue().startsWith("kernel") ? 1 : 0;
            }
        }
        assertEquals(List.of(), faults);
        assertTrue(kernels > 40, "found " + kernels + " kernels");
    }

    /// Every kernel that a graph may record stands in a class that is looked at.
    @Test
    void theListIsWhole() throws IOException {
        int found = 0;
        for (String recorder : List.of("Binding", "BlockedProduct", "CuBlasProduct", "Graphs", "GraphSession")) {
            for (PoolEntry entry : read(recorder).constantPool()) {
                if (entry instanceof MethodRefEntry method && method.name().stringValue().startsWith("kernel")) {
                    String owner = method.owner().asInternalName();
                    assertTrue(KERNELS.contains(owner.substring(owner.lastIndexOf('/') + 1)), owner);
                    found++;
                }
            }
        }
        assertTrue(found > 40, "found " + found + " kernels");
    }

    /// A method a fault, and what is said of it: a rule that is lost or weakened is missed here.
    @Test
    void theFaultsWouldBeSeen() throws IOException {
        Map<String, List<String>> faults = new TreeMap<>();
        try (InputStream in = KernelGuardTest.class.getResourceAsStream("KernelGuardTest$Faulty.class")) {
            for (MethodModel method : ClassFile.of().parse(in.readAllBytes()).methods()) {
                if (!method.methodName().stringValue().equals("<init>")) {
                    faults.put(method.methodName().stringValue(), faults(method));
                }
            }
        }
        String named = "kernels, and they alone, are named kernel…, since the names of OpenCL's functions crash its compiler";
        String uncounted = "kernelUncounted does not count itself by Row.of or Row.count, so that nobody would notice if it did not start";
        Map<String, List<String>> expected = new TreeMap<>();
        expected.put("shifted", List.of("shifted shifts by >>>, which is emitted as >>"));
        expected.put("shiftedLong", List.of("shiftedLong shifts by >>>, which is emitted as >>"));
        expected.put("given", List.of("given hands an array to taken, which indexes a local one wrongly"));
        expected.put("taken", List.of());
        expected.put("pow", List.of("pow: " + named, uncounted.replace("kernelUncounted", "pow")));
        expected.put("kernelOfNothing", List.of("kernelOfNothing: " + named));
        expected.put("kernelUncounted", List.of(uncounted));
        expected.put("kernelFlag", List.of(uncounted.replace("kernelUncounted", "kernelFlag"),
                "kernelFlag has a boolean parameter, which OpenCL does not build"));
        expected.put("parallel", List.of("parallel is annotated with Parallel, which runs in one thread where a buffer holds its bound"));
        expected.put("reduced", List.of("reduced is annotated with Reduce, which gives wrong sums"));
        assertEquals(expected, faults);
    }

    /// Stands for TornadoVM's.
    private static final class KernelContext {}

    /// As TornadoVM's are declared.
    @Retention(RetentionPolicy.RUNTIME)
    @Target({ElementType.LOCAL_VARIABLE, ElementType.TYPE_USE})
    private @interface Parallel {}

    @Retention(RetentionPolicy.RUNTIME)
    @Target(ElementType.PARAMETER)
    private @interface Reduce {}

    static final class Faulty {
        static int shifted(int x) {
            return x >>> 3;
        }

        static long shiftedLong(long x) {
            return x >>> 3;
        }

        static float given() {
            return taken(new float[2]);
        }

        static float taken(float[] local) {
            return local[0];
        }

        static float pow(KernelContext c, float x) {
            return c == null ? x : -x;
        }

        static int kernelOfNothing(int x) {
            return x;
        }

        static void kernelUncounted(KernelContext c, int x) {}

        static void kernelFlag(KernelContext c, boolean flag) {}

        static int parallel(int[] x) {
            int last = 0;
            for (@Parallel int i = 0; i < x.length; i++) {
                last = x[i];
            }
            return last;
        }

        static void reduced(int[] x, @Reduce int[] sum) {
            sum[0] += x[0];
        }
    }
}
