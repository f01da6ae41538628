import NIOCore

extension VettedRequest {
  /// The number of field lines, those that are not forwarded included.
  public var fieldCount: Int { table.slots.count }

  /// The index of the first line of `name`, or nil.
  public func first(_ name: FieldName) -> Int? { nil }

  /// The index of the next line of `name` behind `index`, or nil.
  public func next(_ name: FieldName, after index: Int) -> Int? { nil }

  /// The index of the first line whose name is `name` (lower case), known or not, or nil.
  public func first(named name: Span<UInt8>) -> Int? { nil }

  /// The index of the next line behind `index` whose name is `name` (lower case), or nil.
  public func next(named name: Span<UInt8>, after index: Int) -> Int? { nil }

  /// The name of line `index`, if it is a known one.
  public func fieldName(at index: Int) -> FieldName { .other }

  /// The name of line `index` as sent.
  @_lifetime(borrow self)
  public func nameBytes(at index: Int) -> Span<UInt8> { bytes.readableBytesUInt8Span }

  /// The value of line `index`, white space around it trimmed.
  @_lifetime(borrow self)
  public func value(at index: Int) -> Span<UInt8> { bytes.readableBytesUInt8Span }

  /// The name of line `index` in lower case, for cold code.
  public func nameText(at index: Int) -> String { "" }

  /// The value of line `index`, for cold code.
  public func valueText(at index: Int) -> String { "" }

  /// The value of the first line of `name`, for cold code.
  public func text(_ name: FieldName) -> String? { nil }
}
