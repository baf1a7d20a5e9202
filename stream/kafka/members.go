package kafka

import (
	"context"
	"fmt"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	_ "github.com/segmentio/kafka-go/protocol/describegroups" // are registered first, so that ours replace them
	_ "github.com/segmentio/kafka-go/protocol/leavegroup"
)

// kafka-go v0.4.51 reads the answer to LeaveGroup in the wrong order (see heartbeat.go), and what its DescribeGroups
// returns takes more versions than it can read. These are the versions that every broker has.
func init() {
	protocol.Register(&leaveRequest{}, &leaveResponse{})
	protocol.Register(&describeRequest{}, &describeResponse{})
}

type leaveRequest struct {
	GroupID  string `kafka:"min=v0,max=v2"`
	MemberID string `kafka:"min=v0,max=v2"`
}

// ApiKey is the protocol's number of the request.
func (*leaveRequest) ApiKey() protocol.ApiKey { return protocol.LeaveGroup }

// Group sends the request to the group's coordinator.
func (r *leaveRequest) Group() string { return r.GroupID }

type leaveResponse struct {
	ThrottleTimeMs int32 `kafka:"min=v1,max=v2"`
	ErrorCode      int16 `kafka:"min=v0,max=v2"`
}

// ApiKey is the protocol's number of the request.
func (*leaveResponse) ApiKey() protocol.ApiKey { return protocol.LeaveGroup }

type describeRequest struct {
	Groups []string `kafka:"min=v0,max=v2"`
}

// ApiKey is the protocol's number of the request.
func (*describeRequest) ApiKey() protocol.ApiKey { return protocol.DescribeGroups }

// Group sends the request to the group's coordinator.
func (r *describeRequest) Group() string { return r.Groups[0] }

type describeResponse struct {
	ThrottleTimeMs int32            `kafka:"min=v1,max=v2"`
	Groups         []describedGroup `kafka:"min=v0,max=v2"`
}

// ApiKey is the protocol's number of the request.
func (*describeResponse) ApiKey() protocol.ApiKey { return protocol.DescribeGroups }

type describedGroup struct {
	ErrorCode    int16             `kafka:"min=v0,max=v2"`
	GroupID      string            `kafka:"min=v0,max=v2"`
	State        string            `kafka:"min=v0,max=v2"`
	ProtocolType string            `kafka:"min=v0,max=v2"`
	Protocol     string            `kafka:"min=v0,max=v2"`
	Members      []describedMember `kafka:"min=v0,max=v2"`
}

type describedMember struct {
	MemberID   string `kafka:"min=v0,max=v2"`
	ClientID   string `kafka:"min=v0,max=v2"`
	ClientHost string `kafka:"min=v0,max=v2"`
	Metadata   []byte `kafka:"min=v0,max=v2"`
	Assignment []byte `kafka:"min=v0,max=v2"`
}

var (
	_ protocol.GroupMessage = (*leaveRequest)(nil)
	_ protocol.GroupMessage = (*describeRequest)(nil)
)

// membersNamed returns the ids of the members of a group that joined under a client id.
func (c *Client) membersNamed(ctx context.Context, group, clientID string) ([]string, error) {
	m, err := c.roundTrip(ctx, 0, &describeRequest{Groups: []string{group}})
	if err != nil {
		return nil, fmt.Errorf("kafka: members of group %s: %w", group, err)
	}
	var ids []string
	for _, g := range m.(*describeResponse).Groups {
		if g.ErrorCode != 0 {
			return nil, fmt.Errorf("kafka: members of group %s: %w", group, kafkago.Error(g.ErrorCode))
		}
		for _, member := range g.Members {
			if member.ClientID == clientID {
				ids = append(ids, member.MemberID)
			}
		}
	}
	return ids, nil
}

// leave takes a member out of a group. That it is no member is no error.
func (c *Client) leave(ctx context.Context, group, member string) error {
	m, err := c.roundTrip(ctx, 0, &leaveRequest{GroupID: group, MemberID: member})
	if err != nil {
		return fmt.Errorf("kafka: take %s out of group %s: %w", member, group, err)
	}
	if code := kafkago.Error(m.(*leaveResponse).ErrorCode); code != 0 && code != kafkago.UnknownMemberId {
		return fmt.Errorf("kafka: take %s out of group %s: %w", member, group, code)
	}
	return nil
}
