extension Transformation {
    /// Whether a path has nothing to resolve: no backslash that counts, no dot before a slash or the end, no two slashes.
    static func isNormal(path: Span<UInt8>, windows: Bool) -> Bool {
        var last: UInt8 = 0
        for index in 0..<path.count {
            let byte = path[index]
            if byte == UInt8(ascii: "/"), last == UInt8(ascii: ".") || last == UInt8(ascii: "/") { return false }
            if windows && byte == UInt8(ascii: "\\") { return false }
            last = byte
        }
        return last != UInt8(ascii: ".")
    }

    /// Resolves empty, `.` and `..` segments, in one pass, going back in the output only over what was written.
    static func normalisePath(_ input: Span<UInt8>, windows: Bool, into output: inout [UInt8]) {
        output.append(addingCapacity: input.count &+ 1) { out in
            let path = PathBytes(bytes: input, windows: windows)
            let last = input.count &- 1
            let isRelative = !path.isSlash(0)
            var hitRoot = false
            var index = 0
            while index <= last {
                let atEnd = index == last
                let first = index
                if atEnd || path.isSlash(index &+ 1) {
                    if path[index] == UInt8(ascii: ".") {
                        if out.count > 0, out[out.count &- 1] == UInt8(ascii: ".") {
                            if isRelative && (hitRoot || out.count <= 2) {
                                // Nothing to go back over: the reference stays.
                                hitRoot = true
                            } else {
                                if removeSegment(from: &out) {
                                    hitRoot = true
                                    if !isRelative && atEnd { out.append(UInt8(ascii: "/")) }
                                }
                                if atEnd { break }
                                index &+= 1
                            }
                        } else if out.isEmpty {
                            if atEnd { break }
                            index &+= 1
                        } else if out[out.count &- 1] == UInt8(ascii: "/") {
                            if atEnd { break }
                            out.removeLast(1)
                            index &+= 1
                        }
                    } else if !out.isEmpty, atEnd || !path.isSlash(index) {
                        hitRoot = false
                    }
                }
                // Of a run of slashes the last one is copied. Of backslashes only the first two looked at are turned.
                if path.isSlash(index) {
                    while index < last, path.isSlash(index &+ 1) { index &+= 1 }
                    if isRelative && out.isEmpty {
                        index &+= 1
                        continue
                    }
                }
                out.append(index > first &+ 1 ? input[index] : path[index])
                index &+= 1
            }
            if !path.isSlash(last), out.count > 0, out[out.count &- 1] == UInt8(ascii: "/") { out.removeLast(1) }
        }
    }

    /// Goes back over `/segment/.` up to its first slash, which is removed, too; true if that is the root.
    private static func removeSegment(from out: inout OutputSpan<UInt8>) -> Bool {
        var end = out.count &- 3
        while end > 0, out[end] != UInt8(ascii: "/") { end &-= 1 }
        out.removeLast(out.count &- max(end, 0))
        return end <= 0
    }
}

/// A path whose backslashes may count as slashes.
private struct PathBytes: ~Escapable {
    let bytes: Span<UInt8>
    let windows: Bool

    @_lifetime(copy bytes)
    init(bytes: Span<UInt8>, windows: Bool) {
        self.bytes = bytes
        self.windows = windows
    }

    @inline(__always) subscript(index: Int) -> UInt8 {
        let byte = bytes[index]
        return windows && byte == UInt8(ascii: "\\") ? UInt8(ascii: "/") : byte
    }

    @inline(__always) func isSlash(_ index: Int) -> Bool { self[index] == UInt8(ascii: "/") }
}
