/// Text of logs and metrics while it is built: bytes that keep their room, so that an append is a check and a copy.
///
/// An array would do the same with a uniqueness check, a retain and an exclusivity check for every few bytes, which
/// doubled the cost of a log line.
@safe struct TextBuffer: ~Copyable {
    // SAFETY: the storage is this value's alone; it was allocated with `storage.count` bytes, of which the first `count`
    // are initialised. Every write below goes through `reserve`, which leaves count + amount <= storage.count.
    private var storage: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    /// An empty buffer with room for `capacity` bytes.
    init(capacity: Int = 256) {
        unsafe storage = .allocate(byteCount: max(capacity, 16), alignment: 8)
    }

    deinit { unsafe storage.deallocate() }

    /// The bytes, for as long as the buffer is not changed.
    var span: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let elements = unsafe UnsafeBufferPointer(rebasing: storage.bindMemory(to: UInt8.self)[..<count])
            return unsafe _overrideLifetime(Span(_unsafeElements: elements), borrowing: self)
        }
    }

    /// A copy of the bytes.
    var array: [UInt8] { unsafe [UInt8](storage[..<count]) }

    /// A copy of the bytes as text.
    var string: String { String(decoding: array, as: UTF8.self) }

    /// Forgets the bytes and keeps the room.
    mutating func removeAll() { count = 0 }

    /// Makes room for `amount` more bytes.
    @inline(__always)
    private mutating func reserve(_ amount: Int) {
        if unsafe amount > storage.count &- count { grow(amount) }
    }

    @inline(never)
    private mutating func grow(_ amount: Int) {
        let wider = unsafe UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(2 &* storage.count, count &+ amount), alignment: 8)
        unsafe wider.copyMemory(from: UnsafeRawBufferPointer(rebasing: storage[..<count]))
        unsafe storage.deallocate()
        unsafe storage = wider
    }

    /// Appends one byte.
    @inline(__always)
    mutating func append(_ byte: UInt8) {
        reserve(1)
        unsafe storage[count] = byte
        count &+= 1
    }

    /// Appends a copy of `bytes`.
    @inline(__always)
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        reserve(bytes.count)
        unsafe storage.baseAddress?.advanced(by: count).copyMemory(from: source, byteCount: bytes.count)
        count &+= bytes.count
    }

    /// Appends a copy of `bytes`.
    @inline(__always)
    mutating func append(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBytes { unsafe append($0) }
    }

    /// Appends a copy of `bytes`.
    @inline(__always)
    mutating func append(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe append($0) }
    }

    /// Appends the UTF-8 of `text`.
    mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { unsafe append(UnsafeRawBufferPointer($0)) }
    }

    /// Appends text that is known when the gateway is compiled.
    @inline(__always)
    mutating func append(literal text: StaticString) {
        guard text.hasPointerRepresentation else { return append(text.description) }
        // SAFETY: a StaticString with a pointer is immutable, lives as long as the process, and has that many bytes.
        unsafe append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends `value` in decimal, with leading zeros up to `width` digits (at most 20).
    @inline(__always)
    mutating func append(_ value: UInt64, atLeast width: Int = 1) {
        var digits = 1
        var bound: UInt64 = 10
        // 10^19 is the last power of ten below 2^64.
        while digits < 20, value >= bound {
            digits &+= 1
            bound = digits == 20 ? .max : bound &* 10
        }
        digits = max(digits, min(width, 20))
        reserve(digits)
        var rest = value
        var place = count &+ digits
        while place > count {
            place &-= 1
            unsafe storage[place] = UInt8(truncatingIfNeeded: rest % 10) &+ 0x30
            rest /= 10
        }
        count &+= digits
    }

    /// Appends `value` in decimal, with its sign.
    @inline(__always)
    mutating func append(_ value: Int64) {
        if value < 0 { append(0x2d as UInt8) }
        append(value.magnitude)
    }

    /// Appends `value` in decimal, with its sign.
    @inline(__always)
    mutating func append(_ value: Int) { append(Int64(value)) }

    /// Appends the 32 digits of `id`.
    mutating func append(_ id: DecisionID) {
        reserve(DecisionID.textLength)
        unsafe store(Hexadecimal.digits(UInt32(truncatingIfNeeded: id.high &>> 32)), at: count)
        unsafe store(Hexadecimal.digits(UInt32(truncatingIfNeeded: id.high)), at: count &+ 8)
        unsafe store(Hexadecimal.digits(UInt32(truncatingIfNeeded: id.low &>> 32)), at: count &+ 16)
        unsafe store(Hexadecimal.digits(UInt32(truncatingIfNeeded: id.low)), at: count &+ 24)
        count &+= DecisionID.textLength
    }

    /// Stores eight digits, the first in the highest byte; the room must have been reserved.
    @unsafe private func store(_ digits: UInt64, at place: Int) {
        unsafe storage.storeBytes(of: digits.bigEndian, toByteOffset: place, as: UInt64.self)
    }

    /// Appends a span of nanoseconds as milliseconds with three decimals; a negative one is 0.
    mutating func append(milliseconds nanoseconds: Int64) {
        let microseconds = UInt64(max(nanoseconds, 0)) / 1000
        append(microseconds / 1000)
        append(0x2e as UInt8)
        append(microseconds % 1000, atLeast: 3)
    }

    /// Appends a span of nanoseconds as seconds with nine decimals.
    mutating func append(seconds nanoseconds: UInt64) {
        append(nanoseconds / 1_000_000_000)
        append(0x2e as UInt8)
        append(nanoseconds % 1_000_000_000, atLeast: 9)
    }
}
