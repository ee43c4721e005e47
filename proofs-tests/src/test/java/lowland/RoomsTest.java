package lowland;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/// The plan of the house: who may lean on whom. Dependencies run from transformer down to reference, never up.
class RoomsTest {
    private static final String[] RULES = {"lowland.rule..", "lowland.descent.."};
    private static final String[] THEORY = {"lowland.theory.."};
    private static final String[] LANGUAGE = {"lowland.program.."};
    private static final String[] STEP = {"lowland.step.."};
    private static final String[] CPU = {"lowland.cpu.."};
    private static final String[] TORNADO = {"lowland.tornado.."};
    private static final String[] TRANSFORMER = {"lowland", "lowland.model..", "lowland.checkpoint..", "lowland.text..", "lowland.data..",
        "lowland.metric..", "lowland.train..", "lowland.report..", "lowland.cli..", "lowland.audit.."};

    private final JavaClasses house = new ClassFileImporter().withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("lowland");

    private void never(String[] from, String[]... to) {
        for (String[] room : to) {
            noClasses().that().resideInAnyPackage(from).should().dependOnClassesThat().resideInAnyPackage(room).check(house);
        }
    }

    @Test
    void theHouseWasFound() {
        for (String[] room : new String[][] {RULES, THEORY, LANGUAGE, STEP, CPU, TRANSFORMER}) {
            assertTrue(house.stream().anyMatch(c -> c.getPackageName().equals(room[room.length - 1].replace("..", ""))),
                    () -> "no class in " + room[room.length - 1]);
        }
    }

    @Test
    void rulesKnowNoProgram() {
        never(RULES, THEORY, LANGUAGE, STEP, CPU, TORNADO, TRANSFORMER);
    }

    @Test
    void theLanguageKnowsNoRule() {
        never(LANGUAGE, RULES, THEORY, STEP, CPU, TORNADO, TRANSFORMER);
    }

    @Test
    void theoryKnowsOnlyWhatItSpeaksOf() {
        never(THEORY, STEP, CPU, TORNADO, TRANSFORMER);
    }

    @Test
    void stepsKnowNoDevice() {
        never(STEP, CPU, TORNADO, TRANSFORMER);
    }

    @Test
    void devicesKnowNoRule() {
        never(CPU, RULES, STEP, TORNADO, TRANSFORMER);
        // Built only where TornadoVM is.
        noClasses().that().resideInAnyPackage(TORNADO).should().dependOnClassesThat()
                .resideInAnyPackage("lowland.rule..", "lowland.descent..", "lowland.step..", "lowland.cpu..", "lowland.cli..")
                .allowEmptyShould(true).check(house);
        never(TRANSFORMER, TORNADO);
    }

    @Test
    void onlyTheCpuRoomHasVectors() {
        noClasses().that().resideOutsideOfPackage("lowland.cpu..").should().dependOnClassesThat()
                .resideInAnyPackage("jdk.incubator.vector..").check(house);
    }

    @Test
    void fastCodeUsesNoEjml() {
        noClasses().that().resideInAnyPackage("lowland.step..", "lowland.cpu..").should().dependOnClassesThat()
                .resideInAnyPackage("org.ejml..").check(house);
    }

    @Test
    void noLumberRooms() {
        noClasses().should().resideInAnyPackage("..util..", "..common..", "..impl..", "..helper..").check(house);
        classes().should().haveNameNotMatching(".*[.$](Abstract|Base)[A-Z][^.$]*").andShould().haveSimpleNameNotEndingWith("Impl")
                .andShould().haveSimpleNameNotEndingWith("Utils").check(house);
    }
}
