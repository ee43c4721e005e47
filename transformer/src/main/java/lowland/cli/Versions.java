package lowland.cli;

import picocli.CommandLine.IVersionProvider;

/// The versions that a run depends on.
final class Versions implements IVersionProvider {
    /// Of Lowland, as its jar says; a build that runs from its classes says so.
    static String lowland() {
        String version = Versions.class.getPackage().getImplementationVersion();
        return version == null ? "unpackaged" : version;
    }

    static String java() {
        return Runtime.version() + " (" + System.getProperty("java.vendor") + ")";
    }

    static String system() {
        return System.getProperty("os.name") + " " + System.getProperty("os.version") + " " + System.getProperty("os.arch");
    }

    @Override
    public String[] getVersion() {
        return new String[] {"lowland " + lowland(), "Java " + java(), system()};
    }
}
