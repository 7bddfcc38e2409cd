/// The journal of commit groups: the one place where a point becomes durable.
///
/// Groups are numbered without gaps. Callers append, replay after a start, and release what a
/// durable checkpoint has made superfluous. `append` and `replay` are called by one thread at a
/// time; everything else by any.
package protocol Journal: AnyObject, Sendable {
    /// Returns the group's hash once it is on the device. A throw means the group may or may not
    /// be there after a restart: stop, never retry.
    func append(_ group: GroupBuffer, _ header: GroupHeader) throws(StoreError) -> UInt64

    /// Hands over all groups from `first` on, in order, until there is none or `body` says stop.
    func replay(
        from first: UInt64, _ body: (UInt64, UnsafeRawBufferPointer) throws(StoreError) -> Bool
    ) throws(StoreError)

    /// Lets go of groups up to `last`. Only to be called after the checkpoint that replaces them
    /// is on the device: what is let go may be overwritten at once.
    func release(upTo last: UInt64)

    /// While `body` runs nothing is let go: what `release` was told meanwhile is done after it.
    func keeping<R, Failure: Error>(_ body: () throws(Failure) -> R) throws(Failure) -> R

    /// What preparing room for later groups met; nil: nothing. The next append throws it.
    var failure: StoreError? { get }

    /// Why there is no room for later groups yet; nil: there is. Looks again when asked.
    func shortage() -> String?

    /// Size of all files, those kept for later included.
    var bytesOnDisk: Int { get }

    /// Ends all use.
    func close()
}

extension Journal {
    package func keeping<R, Failure: Error>(
        _ body: () throws(Failure) -> R
    ) throws(Failure) -> R { try body() }
}
