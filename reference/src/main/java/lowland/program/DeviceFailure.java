package lowland.program;

/// A device that is absent, too small, or fails: one line that says what, and what to do.
public final class DeviceFailure extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final boolean absent;

    private DeviceFailure(boolean absent, String message, Throwable cause) {
        super(message, cause);
        this.absent = absent;
    }

    /// There is no such device here: wrong from the command line alone.
    public static DeviceFailure absent(String message, Throwable cause) {
        return new DeviceFailure(true, message, cause);
    }

    /// The device is there and failed.
    public static DeviceFailure failed(String message, Throwable cause) {
        return new DeviceFailure(false, message, cause);
    }

    public boolean absent() {
        return absent;
    }
}
