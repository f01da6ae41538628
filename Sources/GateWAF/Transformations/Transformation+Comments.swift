extension Transformation {
    static func removeComments(_ input: Span<UInt8>, into output: inout [UInt8]) {
        output.append(addingCapacity: input.count) { out in
            var inComment = false
            var index = 0
            while index < input.count {
                let mark = CommentMark(in: input, at: index)
                if inComment {
                    guard mark == .close || mark == .closeHTML else {
                        index &+= 1
                        continue
                    }
                    inComment = false
                    index &+= mark.length
                    // The byte behind a comment is copied unseen, and so is the zero that ends C's string.
                    out.append(input.orZero(index))
                    index &+= 1
                } else {
                    switch mark {
                    case .open, .openHTML:
                        inComment = true
                        index &+= mark.length
                    case .closeHTML, .dashes, .hash:
                        return
                    case .close, .none:
                        out.append(input[index])
                        index &+= 1
                    }
                }
            }
            if inComment { out.append(0x20) }
        }
    }

    static func removeCommentsChar(_ input: Span<UInt8>, into output: inout [UInt8]) {
        output.append(addingCapacity: input.count) { out in
            var index = 0
            while index < input.count {
                let mark = CommentMark(in: input, at: index)
                if mark == .none { out.append(input[index]) }
                index &+= max(mark.length, 1)
            }
        }
    }

    static func replaceComments(_ input: Span<UInt8>, into output: inout [UInt8]) {
        output.append(addingCapacity: input.count) { out in
            var inComment = false
            var index = 0
            while index < input.count {
                let mark = CommentMark(in: input, at: index)
                if mark == (inComment ? .close : .open) {
                    if inComment { out.append(0x20) }
                    inComment.toggle()
                    index &+= 2
                } else {
                    if !inComment { out.append(input[index]) }
                    index &+= 1
                }
            }
            if inComment { out.append(0x20) }
        }
    }
}

/// The marks that begin and end comments in SQL, HTML and shells.
private enum CommentMark {
    case none, open, close, openHTML, closeHTML, dashes, hash

    /// The mark at `index`, the longest that fits.
    @inline(__always) init(in input: Span<UInt8>, at index: Int) {
        let next = input.orZero(index &+ 1)
        switch input[index] {
        case UInt8(ascii: "/") where next == UInt8(ascii: "*"): self = .open
        case UInt8(ascii: "*") where next == UInt8(ascii: "/"): self = .close
        case UInt8(ascii: "<") where next == UInt8(ascii: "!"):
            let isHTML = input.orZero(index &+ 2) == UInt8(ascii: "-") && input.orZero(index &+ 3) == UInt8(ascii: "-")
            self = isHTML ? .openHTML : .none
        case UInt8(ascii: "-") where next == UInt8(ascii: "-"):
            self = input.orZero(index &+ 2) == UInt8(ascii: ">") ? .closeHTML : .dashes
        case UInt8(ascii: "#"): self = .hash
        default: self = .none
        }
    }

    var length: Int {
        switch self {
        case .none: 0
        case .hash: 1
        case .open, .close, .dashes: 2
        case .closeHTML: 3
        case .openHTML: 4
        }
    }
}
