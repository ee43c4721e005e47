package lowland.tornado;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.constantpool.MethodRefEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.OperatorInstruction;
import java.util.ArrayList;
import java.util.List;
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

    /// The guard sees the faults, in classes that have them.
    @Test
    void theFaultsWouldBeSeen() throws IOException {
        try (InputStream in = KernelGuardTest.class.getResourceAsStream("KernelGuardTest$Faulty.class")) {
            for (MethodModel method : ClassFile.of().parse(in.readAllBytes()).methods()) {
                if (!method.methodName().stringValue().equals("<init>")) {
                    assertFalse(faults(method).isEmpty(), method.methodName() + " has a fault");
                }
            }
        }
    }

    /// Stands for TornadoVM's.
    private static final class KernelContext {}

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

        static float pow(KernelContext c, float x) {
            return c == null ? x : taken(new float[] {x});
        }

        private static float taken(float[] local) {
            return local[0] + (local.length >>> 1);
        }

        static void kernelFlag(KernelContext c, boolean flag) {}
    }
}
