#if canImport(Glibc)
    import Glibc
#endif

/// Bytes that must not be seen: they never print, compare in constant time and are overwritten when let go.
public struct Secret: Sendable {
    /// The bytes; overwritten before their memory is given back.
    @safe private final class Storage: @unchecked Sendable {
        // SAFETY: allocated in init, written only there, freed only in deinit; immutable in between, so it may be
        // shared between threads.
        let bytes: UnsafeMutableBufferPointer<UInt8>

        init(_ source: Span<UInt8>) {
            // SAFETY: every byte is initialised before the pointer is used.
            unsafe bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: source.count)
            for index in 0..<source.count { unsafe bytes.initializeElement(at: index, to: source[index]) }
        }

        deinit {
            // SAFETY: the memory is ours until `deallocate`. explicit_bzero is not removed as a dead store.
            if let base = unsafe bytes.baseAddress { unsafe explicit_bzero(base, bytes.count) }
            unsafe bytes.deallocate()
        }

        var span: Span<UInt8> {
            @_lifetime(borrow self) get {
                // SAFETY: the buffer lives as long as self.
                let span = unsafe Span(_unsafeElements: bytes)
                return unsafe _overrideLifetime(span, borrowing: self)
            }
        }
    }

    private let storage: Storage

    /// A copy of `bytes`.
    public init(_ bytes: Span<UInt8>) { storage = Storage(bytes) }

    /// A copy of the UTF-8 of `text`.
    public init(_ text: String) { self.init(text.utf8.span) }

    /// How many bytes.
    public var count: Int { storage.span.count }

    /// Lends the bytes for the time of `body`; they must not be kept.
    public func withBytes<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(storage.span)
    }

    /// Whether `other` holds the same bytes; the time depends on the counts alone.
    public func matches(_ other: Span<UInt8>) -> Bool {
        let own = storage.span
        guard own.count == other.count else { return false }
        var difference: UInt8 = 0
        for index in 0..<own.count { difference |= own[index] ^ other[index] }
        return difference == 0
    }
}

extension Secret: Equatable {
    /// Compares in constant time for equal counts.
    public static func == (left: Self, right: Self) -> Bool { right.withBytes { left.matches($0) } }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// A fixed word instead of the bytes.
    public var description: String { "<secret>" }
    /// A fixed word instead of the bytes.
    public var debugDescription: String { "<secret>" }
    /// No children: a mirror shows nothing.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
