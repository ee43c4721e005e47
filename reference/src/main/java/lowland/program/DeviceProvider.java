package lowland.program;

import java.util.List;

/// A kind of device that a jar on the class path brings (`META-INF/services`). It must load where what it needs is absent, and say so.
public interface DeviceProvider {
    /// What a user calls the kind: `tornado`.
    String name();

    /// What can execute here, in the order of their numbers.
    ///
    /// @throws DeviceFailure if the kind cannot be used on this machine, with what to do
    List<Description> devices();

    /// The device of this number.
    ///
    /// @param watched whether its sessions show an observer every operation; else they may do several at once, and refuse one
    /// @throws DeviceFailure if the kind cannot be used here, or has no such device
    Device device(int number, boolean watched);

    /// What a device is.
    ///
    /// @param number what stands behind the colon of `tornado:0`
    /// @param platform who drives it, and by which backend
    /// @param memory bytes
    /// @param largestBuffer bytes that one buffer may have
    record Description(int number, String name, String platform, String type, long memory, long largestBuffer) {}
}
