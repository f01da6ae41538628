public import GatePrimitives
public import NIOCore

/// Makes a path canonical: one spelling for what every reader takes for the same resource, or a refusal.
///
/// Canonicalising twice under the same policy changes nothing.
public enum PathCanonicaliser {
    /// The canonical form of `path`, which is without query, under `policy`; the cold form, which copies.
    ///
    /// Faults are in `vet`: `bad_target`, `path_traversal`, `path_normalised`, `path_encoded`, `path_param`.
    public static func canonicalise(_ path: Span<UInt8>, under policy: PathPolicy) throws(Fault) -> ByteBuffer {
        do throws(HeadError) {
            guard path.count > 0, path[0] == Ascii.slash else { throw HeadError(.badTarget) }
            var base = ByteBufferAllocator().buffer(capacity: path.count)
            let scan = try appendBase(path, to: &base)
            guard !scan.anomalies.isEmpty else { return base }
            var result = ByteBufferAllocator().buffer(capacity: path.count)
            try appendResolved(base.readableBytesUInt8Span, scan.anomalies, policy, to: &result)
            return result
        } catch {
            throw Fault(.vet, error.reason)
        }
    }

    /// Appends `path` with unreserved characters decoded and hex digits in upper case; returns what is ambiguous in it.
    static func appendBase(_ path: Span<UInt8>, to out: inout ByteBuffer) throws(HeadError) -> PathScan {
        let first = try PathScan.scan(path, 0..<path.count)
        guard first.needsRewriting else {
            out.append(path)
            return first
        }
        let start = out.readableBytes
        var index = 0
        while index < path.count {
            let byte = path[index]
            guard byte == Ascii.percent else {
                out.writeInteger(byte)
                index &+= 1
                continue
            }
            let value = try PercentEncoding.byte(path, at: index, end: path.count)
            if ByteClass.unreserved.contains(value) {
                out.writeInteger(value)
            } else {
                out.writeInteger(Ascii.percent)
                out.writeInteger(Ascii.hexDigit(value &>> 4))
                out.writeInteger(Ascii.hexDigit(value))
            }
            index &+= 3
        }
        // What was decoded can make a dot segment or a double encoding: only this form shows what is ambiguous.
        return try PathScan.scan(out.readableBytesUInt8Span, start..<out.readableBytes)
    }

    /// Appends `base`, which is what `appendBase` wrote, with its `anomalies` decided under `policy`.
    static func appendResolved(
        _ base: Span<UInt8>, _ anomalies: PathAnomalies, _ policy: PathPolicy, to out: inout ByteBuffer
    ) throws(HeadError) {
        if let reason = refusal(of: anomalies, under: policy, refusing: { $0 == .refuse }) { throw HeadError(reason) }
        let start = out.readableBytes
        var plain = ContiguousArray<UInt8>()
        plain.reserveCapacity(base.count)
        resolveDelimiters(base, policy, into: &plain)
        try joinSegments(plain.span, policy, to: &out)
        // The result is judged again: what is left must be what the policy keeps, as the lax reader sees it, too.
        let written = out.readableBytesUInt8Span
        let rest = try PathScan.scan(written, start..<written.count)
        guard !rest.needsRewriting else { throw HeadError(.pathEncoded) }
        if let reason = refusal(of: rest.anomalies, under: policy, refusing: { $0 != .keep }) {
            throw HeadError(reason)
        }
    }

    /// Why `policy` refuses a path with `anomalies`, or nil; `refusing` says which choices refuse what can be resolved.
    private static func refusal(
        of anomalies: PathAnomalies, under policy: PathPolicy, refusing: (PathPolicy.Choice) -> Bool
    ) -> Reason? {
        if anomalies.contains(.parentSegment), refusing(policy.dotSegments) { return .pathTraversal }
        if anomalies.contains(.trailingDots), policy.dotSegments == .refuse { return .pathTraversal }
        if anomalies.contains(.dotSegment), refusing(policy.dotSegments) { return .pathNormalised }
        if anomalies.contains(.encodedSlash), refusing(policy.encodedSlash) { return .pathEncoded }
        if anomalies.contains(.doubleEncoding), policy.encodedSlash != .keep { return .pathEncoded }
        if anomalies.contains(.encodedParameter), policy.parameters != .keep { return .pathEncoded }
        if anomalies.contains(.parameter), refusing(policy.parameters) { return .pathParam }
        if anomalies.contains(.duplicateSlash), refusing(policy.duplicateSlashes) { return .pathNormalised }
        return nil
    }

    /// Copies `base` with `%2F`, `%5C`, `\` made `/` and `;…` stripped, as far as `policy` resolves them.
    private static func resolveDelimiters(
        _ base: Span<UInt8>, _ policy: PathPolicy, into plain: inout ContiguousArray<UInt8>
    ) {
        var index = 0
        var isParameter = false
        while index < base.count {
            var byte = base[index]
            var width = 1
            if policy.encodedSlash == .resolve {
                if byte == Ascii.backslash { byte = Ascii.slash }
                if byte == Ascii.percent, index &+ 2 < base.count {
                    // Hex is in upper case here: %2F, %5C.
                    let digits = (base[index &+ 1], base[index &+ 2])
                    if digits == (0x32, 0x46) || digits == (0x35, 0x43) { (byte, width) = (Ascii.slash, 3) }
                }
            }
            if byte == Ascii.slash { isParameter = false }
            if byte == Ascii.semicolon, policy.parameters == .resolve { isParameter = true }
            if !isParameter { plain.append(byte) }
            index &+= width
        }
    }

    /// Appends the segments of `plain`, which begins with `/`, with empty and dot segments resolved where `policy` says so.
    private static func joinSegments(
        _ plain: Span<UInt8>, _ policy: PathPolicy, to out: inout ByteBuffer
    ) throws(HeadError) {
        /// Where each segment that was written begins, with its slash.
        var starts = ContiguousArray<Int>()
        let root = out.writerIndex
        var endsInSlash = false
        var index = 0
        while index < plain.count {
            let segment = (index &+ 1)..<plain.firstIndex(of: Ascii.slash, in: (index &+ 1)..<plain.count)
            let isLast = segment.upperBound == plain.count
            index = segment.upperBound
            endsInSlash = isLast && segment.isEmpty
            if segment.isEmpty, isLast || policy.duplicateSlashes == .resolve { continue }
            if policy.dotSegments == .resolve, segment.count <= 2, isDots(plain, segment) {
                endsInSlash = isLast
                guard segment.count == 2 else { continue }
                guard let parent = starts.popLast() else { throw HeadError(.pathTraversal) }
                out.moveWriterIndex(to: parent)
                continue
            }
            starts.append(out.writerIndex)
            out.writeInteger(Ascii.slash)
            out.append(plain.extracting(segment))
        }
        if endsInSlash || out.writerIndex == root { out.writeInteger(Ascii.slash) }
    }

    private static func isDots(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        for index in range where bytes[index] != Ascii.dot { return false }
        return !range.isEmpty
    }
}
